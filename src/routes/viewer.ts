/**
 * What one client may see of what the gateway does for others.
 *
 * @module
 */

import type { RouteContext } from "./router.ts";

/** A client's rights, as far as looking goes. */
export interface Viewer {
  /** Whether the client may use this model, and so see what happens to it. */
  readonly mayUse: (model: string) => boolean;
  /** Whether the client may read logs. */
  readonly mayReadLogs: boolean;
}

/** Tells who asks. */
export type ViewerOf = (c: RouteContext) => Viewer;
