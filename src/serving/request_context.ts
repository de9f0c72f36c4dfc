/**
 * What is known about a request besides itself; the config that it goes by is taken once when it arrives, so that a reload
 * changes nothing under it.
 *
 * @module
 */

import type { Config } from "../config/types.ts";
import { type Client, createKeyCheck, type KeyCheck } from "../gateway/auth.ts";
import type { ClientFacts } from "../gateway/client_address.ts";
import type { Dialect } from "../gateway/error_response.ts";
import { createSiteRules, type SiteRules } from "../gateway/site_rules.ts";
import type { ClientConnection } from "./client_connection.ts";

/** Where the gateway listens, as far as its rules depend on it. */
export interface Listener {
  /** Whether only programs on this machine can reach it. */
  readonly isLoopback: boolean;
  /** Whether it speaks https. */
  readonly isTls: boolean;
}

/** A config, and what is made of it once for all its requests. */
export interface ConfigInForce {
  /** The effective configuration. */
  readonly config: Config;
  /** Who asks, and what that client may do. */
  readonly identify: KeyCheck;
  /** Which hosts and origins may be used. */
  readonly site: SiteRules;
}

/** What is known about a request besides itself. */
export interface RequestContext extends ConfigInForce {
  /** The id that names this request everywhere. */
  readonly id: string;
  /** Its URL, without a key that the query held. */
  readonly url: string;
  /** Whose key it carries. */
  readonly client: Client;
  /** The protocol of its client. */
  readonly dialect: Dialect;
  /** Where it comes from, as far as that is believed. */
  readonly from: ClientFacts;
  /** The address at the other end of the connection; `null` when there is none. */
  readonly peerAddress: string | null;
  /** The connection that it came on; `null` where nobody looks after it. */
  readonly connection: ClientConnection | null;
}

/** Makes of a config what its requests need. */
export function putInForce(config: Config, listener: Listener): ConfigInForce {
  return { config, identify: createKeyCheck(config.apiKeys), site: createSiteRules(config, listener) };
}
