/**
 * The types of the routes that are looked up by path.
 *
 * @module
 */

import type { Context, Hono } from "hono";
import type { RequestContext } from "../serving/request_context.ts";

/** The routes that are looked up by path; a request's {@link RequestContext} is its `c.env`. */
export type Router = Hono<{ Bindings: RequestContext }>;

/** What a route of {@link Router} is given. */
export type RouteContext = Context<{ Bindings: RequestContext }>;
