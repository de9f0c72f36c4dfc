/**
 * The config that a request goes by: taken once when it arrives, so that a reload changes nothing under it.
 *
 * @module
 */

import type { Hono } from "hono";
import type { Config } from "../config/types.ts";
import { createKeyCheck, type KeyCheck } from "../gateway/auth.ts";

/** A config, and what is made of it once for all its requests. */
export interface ConfigInForce {
  /** The effective configuration. */
  readonly config: Config;
  /** Who may use the gateway. */
  readonly checkKey: KeyCheck;
}

/** The routes that are looked up by path; a request's {@link ConfigInForce} is its `c.env`. */
export type Router = Hono<{ Bindings: ConfigInForce }>;

/** Makes of a config what its requests need. */
export function putInForce(config: Config): ConfigInForce {
  return { config, checkKey: createKeyCheck(config.apiKeys) };
}
