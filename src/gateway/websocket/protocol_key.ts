/**
 * A key among the sub-protocols of a websocket: a page's `WebSocket` can send nothing else of its own, and OpenAI's clients
 * put theirs there. Pure.
 *
 * @module
 */

import { offeredProtocols } from "./handshake.ts";

/** What the sub-protocol begins with; the key follows. */
export const KEY_PROTOCOL = "openai-insecure-api-key.";

/** The first key among the sub-protocols that a client offers; `null` when there is none. */
export function protocolKeyOf(headers: Headers): string | null {
  return offeredProtocols(headers).find((name) => name.startsWith(KEY_PROTOCOL))?.slice(KEY_PROTOCOL.length) ?? null;
}

/** The sub-protocols that are no keys: only those go on, and only of those one can be chosen. */
export function withoutKeys(protocols: readonly string[]): readonly string[] {
  return protocols.filter((name) => !name.startsWith(KEY_PROTOCOL));
}
