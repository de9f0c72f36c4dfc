/**
 * The event feed over HTTP.
 *
 * @module
 */

import { GatewayError } from "../errors.ts";
import type { EventForm } from "../observe/event_text.ts";
import type { EventFeed } from "../observe/events.ts";
import type { Router } from "./router.ts";
import type { ViewerOf } from "./viewer.ts";

/** What the route of the event feed needs. */
export interface EventsEnv {
  /** The feed. */
  readonly events: EventFeed;
  /** Who asks. */
  readonly viewerOf: ViewerOf;
}

const HEADERS = {
  "content-type": "text/event-stream",
  "cache-control": "no-cache",
  "connection": "keep-alive",
  "x-content-type-options": "nosniff",
  "x-accel-buffering": "no",
};

/** Adds the route of the event feed to `app`. Messages are written as llama-swap does unless the query has `format=plain`. */
export function addEventRoutes(app: Router, { events, viewerOf }: EventsEnv): void {
  app.get("/api/events", (c) => {
    const form = readForm(c.req.query("format"));
    return new Response(events.stream({ ...viewerOf(c), form }), { headers: HEADERS });
  });
}

function readForm(text: string | undefined): EventForm {
  if (text === undefined || text === "message" || text === "plain") return text ?? "message";
  const shown = JSON.stringify(text.slice(0, 100));
  throw new GatewayError("bad_request", `Query parameter format has ${shown}: expected "plain" or "message"`, {
    param: "format",
  });
}
