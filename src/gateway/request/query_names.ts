/**
 * Where a query names the model, and whether it asks for a stream. Pure.
 *
 * @module
 */

import { GatewayError } from "../../errors.ts";
import type { ByteRange } from "../json_scan.ts";
import { encodeParameter, findParameters, parameterAt } from "./parameters.ts";

/** What was found in a query. */
export interface QueryNames {
  /** The query, with its question mark. */
  readonly text: string;
  /** The name; null when there is none. */
  readonly model: string | null;
  readonly wantsStream: boolean;
  /** The query with another name, if it has one. */
  readonly withModel: (model: string) => string;
}

const ENCODER = new TextEncoder();
const DECODER = new TextDecoder();
/** A key that means one of the two has its first letter as it is, or is written with escapes. */
const MAY_NAME = /[?&](?:m|s|%)/;
const NO_QUERY: QueryNames = { text: "", model: null, wantsStream: false, withModel: () => "" };

/** A query that is passed on as it is, whatever it says. */
export function unreadQuery(text: string): QueryNames {
  return { ...NO_QUERY, text, withModel: () => text };
}

/** Reads a query with its question mark, or "". Throws `bad_request` when it names two models. */
export function readQuery(text: string): QueryNames {
  if (text === "") return NO_QUERY;
  if (!MAY_NAME.test(text)) return unreadQuery(text);
  const bytes = ENCODER.encode(text);
  const models = findParameters(bytes, "model", { from: 1 });
  const stream = findParameters(bytes, "stream", { from: 1 }).at(-1);
  if (models.length > 1) {
    throw new GatewayError("bad_request", "The query names the model more than once", { param: "model" });
  }
  const [at] = models;
  return {
    text,
    model: at === undefined ? null : parameterAt(bytes, at),
    wantsStream: stream !== undefined && parameterAt(bytes, stream) === "true",
    withModel: (model) => at === undefined ? text : replaced(bytes, at, encodeParameter(model)),
  };
}

function replaced(bytes: Uint8Array, { start, end }: ByteRange, value: Uint8Array): string {
  return DECODER.decode(bytes.subarray(0, start)) + DECODER.decode(value) + DECODER.decode(bytes.subarray(end));
}
