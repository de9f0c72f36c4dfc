/**
 * What a path answers, for those who came with another method.
 *
 * @module
 */

import { findInferenceRoute } from "./inference_table.ts";
import { findOperation } from "./operations.ts";

const METHODS = ["GET", "POST", "PUT", "DELETE"] as const;

/** The methods that a path answers, as `Allow` lists them; none for a path that nothing is served at. */
export function methodsAt(path: string): readonly string[] {
  return METHODS
    .filter((method) => (findInferenceRoute(method, path) ?? findOperation(method, path)) !== undefined)
    .flatMap((method) => method === "GET" ? ["GET", "HEAD"] : [method]);
}
