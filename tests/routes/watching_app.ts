/**
 * The routes of the in-flight table and the event feed, alone.
 *
 * @module
 */

import { Hono } from "hono";
import { toGatewayError } from "../../src/errors.ts";
import { errorResponse } from "../../src/gateway/error_response.ts";
import type { ConfigInForce } from "../../src/serving/request_context.ts";
import type { Router } from "../../src/routes/router.ts";
import { addEventRoutes } from "../../src/routes/events.ts";
import { addInFlightRoutes } from "../../src/routes/in_flight.ts";
import { type EventWorld, makeFeed } from "../observe/event_world.ts";

/** The routes over everything that they show. */
export interface WatchingApp extends EventWorld {
  /** Asks as a client that may use the models named in its `x-models`, or all without. */
  readonly ask: (path: string, init?: RequestInit) => Promise<Response>;
}

/** Makes the routes. */
export function mountWatching(): WatchingApp {
  const world = makeFeed();
  const app: Router = new Hono();
  const env = {
    inFlight: world.inFlight,
    events: world.feed,
    viewerOf: (c: { readonly req: { header(name: string): string | undefined } }) => {
      const models = c.req.header("x-models")?.split(",");
      return { mayUse: (model: string) => models?.includes(model) ?? true, mayReadLogs: models === undefined };
    },
  };
  addInFlightRoutes(app, env);
  addEventRoutes(app, env);
  app.onError((thrown) => errorResponse(toGatewayError(thrown), { dialect: "openai" }));
  const ask = async (path: string, init: RequestInit = {}) =>
    await app.fetch(new Request(`http://gateway.test${path}`, init), {} as ConfigInForce);
  return Object.assign(world, { ask });
}
