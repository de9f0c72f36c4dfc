/**
 * Close codes of websockets: which may be sent, to whom, and how a close frame is read and written. Pure.
 *
 * @module
 */

import type { GatewayError } from "../../errors.ts";
import { WebsocketFault } from "./frames.ts";

/** Why a websocket ends. */
export interface CloseReason {
  /** Null where a close frame has none, which an API shows as 1005. */
  readonly code: number | null;
  /** May be empty. */
  readonly reason: string;
}

/** Codes that the gateway closes with by itself (RFC 6455 §7.4.1, and the registry of IANA). */
export const CLOSE = {
  goingAway: 1001,
  protocolError: 1002,
  policyViolation: 1008,
  tooBig: 1009,
  internalError: 1011,
  serviceRestart: 1012,
  tryAgainLater: 1013,
} as const;

/** What an API shows where no close frame came, and where one came without a code; neither is ever sent. */
const NO_CODE = 1005;
const MOST_REASON_BYTES = 123;
const ENCODER = new TextEncoder();

/** Whether a close frame may hold this code. */
export function isSendable(code: number): boolean {
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
}

/** The arguments of `WebSocket.close` for `reason`: the runtime sends no 1014, and a reason without a code breaks the frame. */
export function closeArguments({ code, reason }: CloseReason): [code?: number, reason?: string] {
  if (code === null) return [];
  return [code === 1014 || !isSendable(code) ? CLOSE.internalError : code, cut(reason)];
}

/** What a close event of the runtime says; null when the connection was lost without a close frame. */
export function reasonOf(
  { code, reason, wasClean }: Pick<CloseEvent, "code" | "reason" | "wasClean">,
): CloseReason | null {
  if (!wasClean) return null;
  if (code === NO_CODE) return { code: null, reason: "" };
  return isSendable(code) ? { code, reason } : { code: CLOSE.protocolError, reason: "" };
}

/** What a lease that was cut, or not got again, is to the client of its websocket. */
export function closeFor({ code, message }: GatewayError): CloseReason {
  switch (code) {
    case "shutting_down":
      return { code: CLOSE.goingAway, reason: message };
    case "cancelled":
      return { code: CLOSE.policyViolation, reason: message };
    case "queue_full":
    case "queue_timeout":
    case "concurrency_limit":
      return { code: CLOSE.tryAgainLater, reason: message };
    case "model_unloaded":
    case "unknown_model":
      return { code: CLOSE.serviceRestart, reason: message };
    default:
      return { code: CLOSE.internalError, reason: message };
  }
}

/** What a fault of the backend is to its client. */
export function closeAfterFault({ code }: WebsocketFault): CloseReason {
  return code === CLOSE.tooBig
    ? { code, reason: "The model's backend sent a message that is too big" }
    : { code: CLOSE.internalError, reason: "The model's backend broke the websocket protocol" };
}

/** The payload of a close frame. */
export function closePayload({ code, reason }: CloseReason): Uint8Array {
  if (code === null) return new Uint8Array(0);
  return Uint8Array.of(code >> 8, code & 0xff, ...ENCODER.encode(cut(reason)));
}

/** What the payload of a close frame says; throws a {@link WebsocketFault} for what may not be in one. */
export function parseClose(payload: Uint8Array): CloseReason {
  const [high, low] = payload;
  if (high === undefined) return { code: null, reason: "" };
  if (low === undefined) throw new WebsocketFault(1002, "A close frame holds half a code");
  const code = high << 8 | low;
  if (!isSendable(code)) throw new WebsocketFault(1002, `The close code ${code} must not be sent`);
  return { code, reason: decodeText(payload.subarray(2)) };
}

const DECODER = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The text of `bytes`; throws a {@link WebsocketFault} where they are no UTF-8. */
export function decodeText(bytes: Uint8Array): string {
  try {
    return DECODER.decode(bytes);
  } catch {
    throw new WebsocketFault(1007, "A text is not valid UTF-8");
  }
}

/** As much of `reason` as a close frame holds, in whole characters. */
function cut(reason: string): string {
  const room = new Uint8Array(MOST_REASON_BYTES);
  return reason.slice(0, ENCODER.encodeInto(reason, room).read);
}
