/**
 * What the gateway says of itself when it listens.
 *
 * @module
 */

import type { Config } from "../config/types.ts";
import type { Log } from "../log.ts";
import { formatAddress, formatHostPort, isLocal, type ListenAddress } from "./listen_address.ts";
import { quoteWord } from "./shell_words.ts";

/** What {@link announce} tells of. */
export interface AnnounceOptions {
  /** Where the gateway listens. */
  readonly address: ListenAddress;
  /** Whether it serves https there. */
  readonly isTls: boolean;
  /** Where to say it. */
  readonly log: Log;
}

/** Tells where the gateway is reached and, where anyone can reach it, so. */
export function announce(config: Config, { address, isTls, log }: AnnounceOptions): void {
  const scheme = isTls ? "https" : "http";
  log.info(`Listening on ${address.kind === "unix" ? "" : `${scheme}://`}${formatAddress(address)}`);
  warnOfStrangers(address, config, log);
  const model = config.models.keys().next().value;
  if (model === undefined) return;
  const body = JSON.stringify({ model, messages: [{ role: "user", content: "The harbour at night" }] });
  const key = config.apiKeys.length > 0 ? " -H 'authorization: Bearer YOUR_KEY'" : "";
  const target = `${curlTarget(address, scheme)}/v1/chat/completions`;
  log.info(`Try: curl ${target} -H 'content-type: application/json'${key} -d '${body.replaceAll("'", "'\\''")}'`);
}

/** Warns when programs on other machines can use the gateway and no key is asked for. */
export function warnOfStrangers(address: ListenAddress, { apiKeys }: Config, log: Log): void {
  if (isLocal(address) || apiKeys.length > 0) return;
  log.warn(
    `ANYONE who can reach ${formatAddress(address)} can use and steer this gateway: no apiKeys are configured. ` +
      "Add apiKeys to the config, or listen on 127.0.0.1",
  );
}

function curlTarget(address: ListenAddress, scheme: string): string {
  if (address.kind === "unix") return `--unix-socket ${quoteWord(address.path)} http://localhost`;
  return `${scheme}://${formatHostPort({ hostname: reachable(address.hostname), port: address.port })}`;
}

/** An address that this machine can connect to, for one that it listens on. */
function reachable(hostname: string): string {
  if (hostname === "0.0.0.0") return "127.0.0.1";
  return hostname === "::" ? "::1" : hostname;
}
