/**
 * The requests that are being answered: which they are, and ending one.
 *
 * @module
 */

import { GatewayError } from "../errors.ts";
import type { InFlight } from "../observe/in_flight.ts";
import type { InFlightEntry } from "../observe/in_flight_entry.ts";
import type { Router } from "./router.ts";
import type { Viewer, ViewerOf } from "./viewer.ts";

/** What the routes of the in-flight table need. */
export interface InFlightEnv {
  /** The table. */
  readonly inFlight: InFlight;
  /** Who asks: requests for models that a client may not use do not exist for it. */
  readonly viewerOf: ViewerOf;
}

/** Adds the routes of the in-flight table to `app`. An id is the table's own, or the request's `x-request-id`. */
export function addInFlightRoutes(app: Router, { inFlight, viewerOf }: InFlightEnv): void {
  app.get("/api/inflight", (c) => {
    const { mayUse } = viewerOf(c);
    const model = c.req.query("model");
    return c.json({ requests: inFlight.list({ sees: mayUse, ...(model === undefined ? {} : { model }) }) });
  });
  app.get("/api/inflight/:id", (c) => c.json(findEntry(inFlight, viewerOf(c), c.req.param("id")).look()));
  app.post("/api/inflight/:id/cancel", (c) => {
    if (!findEntry(inFlight, viewerOf(c), c.req.param("id")).cancel()) throw notFound();
    return c.json({ msg: "ok" });
  });
}

function findEntry(inFlight: InFlight, { mayUse }: Viewer, id: string): InFlightEntry {
  const entry = inFlight.find(id);
  if (entry === undefined || !mayUse(entry.facts.model)) throw notFound();
  return entry;
}

function notFound(): GatewayError {
  return new GatewayError("not_found", "inflight request not found");
}
