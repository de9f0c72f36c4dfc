/**
 * The request line and headers of a request, as they go over the wire. Pure.
 *
 * @module
 */

import { GatewayError } from "../../errors.ts";
import type { UpstreamRequest } from "./message.ts";

/** Methods that may be sent again without harm when a kept-alive connection has ended (RFC 9110 §9.2.1). */
export const SAFE_METHODS: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS"]);

const FRAMING = new Set(["content-length", "transfer-encoding", "connection", "keep-alive", "upgrade"]);
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const PATH = /^[\x21-\x7e\x80-\xff]+$/;
/** Anything that could end a line early, or does not fit into a byte. */
// deno-lint-ignore no-control-regex
const UNSENDABLE = /[\x00-\x08\x0a-\x1f\x7f]|[^\x00-\xff]/;

/** How the body of a request is framed. */
export type RequestFraming = { readonly length: number } | "chunked" | "none";

/** How the body of `request` is framed: by length where it is known, as no body only where that is usual. */
export function framingOf({ method, body, bodyLength }: UpstreamRequest): RequestFraming {
  if (body === null) return SAFE_METHODS.has(method) ? "none" : { length: 0 };
  if (body instanceof Uint8Array) return { length: body.length };
  return bodyLength === undefined ? "chunked" : { length: bodyLength };
}

/**
 * Writes everything before the body; each character of the result stands for one byte.
 *
 * @throws {GatewayError} `bad_request` for a character that cannot be sent.
 */
export function writeRequestHead(
  request: UpstreamRequest,
  { path, host, framing }: { readonly path: string; readonly host: string; readonly framing: RequestFraming },
): string {
  const { method, headers, upgrade } = request;
  const target = ASCII.test(path) ? path : utf8AsBytes(path); // the server has read the target's bytes as UTF-8
  if (!TOKEN.test(method) || !PATH.test(target)) throw unsendable();
  let text = `${method} ${target} HTTP/1.1\r\n`;
  let hasHost = false;
  for (const [name, value] of headers) {
    const lower = name.toLowerCase();
    if (FRAMING.has(lower)) continue;
    if (lower === "host") hasHost = true;
    if (!TOKEN.test(name) || UNSENDABLE.test(value)) throw unsendable();
    text += `${name}: ${value}\r\n`;
  }
  if (!hasHost) text += `host: ${host}\r\n`;
  if (upgrade !== undefined) {
    if (!TOKEN.test(upgrade)) throw unsendable();
    text += `connection: Upgrade\r\nupgrade: ${upgrade}\r\n`;
  }
  if (framing === "chunked") text += "transfer-encoding: chunked\r\n";
  else if (framing !== "none") text += `content-length: ${framing.length}\r\n`;
  return text + "\r\n";
}

/** Puts the head and a body behind it into `bytes`, which they fill; the head's characters stand for bytes. */
export function putHeadAndBody(bytes: Uint8Array, head: string, body: Uint8Array): void {
  const { read } = ENCODER.encodeInto(head, bytes.subarray(0, head.length));
  // Beyond ASCII a character is two bytes in UTF-8, so that not all fit, and one on the wire: such a head is rare.
  if (read < head.length) { for (let i = 0; i < head.length; i++) bytes[i] = head.charCodeAt(i); }
  bytes.set(body, head.length);
}

const ENCODER = new TextEncoder();
// deno-lint-ignore no-control-regex
const ASCII = /^[\x00-\x7f]*$/;

function utf8AsBytes(text: string): string {
  let bytes = "";
  for (const byte of ENCODER.encode(text)) bytes += String.fromCharCode(byte);
  return bytes;
}

function unsendable(): GatewayError {
  return new GatewayError("bad_request", "The request holds a character that cannot be sent on");
}
