/**
 * The head of a response: status line, headers, and what they say about the length of the body.
 *
 * @module
 */

import { type Field, malformed, parseFields, refuseControls } from "./response_syntax.ts";

/** Status line and headers of a final response: not 1xx, unless it is the 101 that was asked for. */
export interface ResponseHead {
  readonly status: number;
  readonly statusText: string;
  /** In the order received, names in lower case. */
  readonly headers: readonly Field[];
  /** Whether the message has a body at all. */
  readonly hasBody: boolean;
  /** Whether the connection may serve another request after the end of this message. */
  readonly keepAlive: boolean;
}

/** How the body ends: after so many bytes, with the last chunk, or with the connection. */
export type BodyLength = number | "chunked" | "close";

/** What a head says. */
export interface ParsedHead extends ResponseHead {
  readonly bodyLength: BodyLength;
}

/** RFC 9112 §4; some servers leave out the space before an empty reason. */
const STATUS_LINE = /HTTP\/1\.([01]) ([1-5][0-9][0-9])(?: ([^\r]*))?\r\n/y;
/**
 * RFC 9110 §5.6.3 allows a tab around any value, but readers differ: behind "chunked" or "upgrade" Node takes it for a part
 * of the name and reads another message. Nobody who means well sends it.
 */
const TABBED_FRAMING = /^(?:content-length|transfer-encoding|connection):.*\t/im;
/** 15 digits are a petabyte, and exact in a double. */
const LENGTH = /^[0-9]{1,15}$/;

/**
 * Reads a head as `text`: its lines, each ended by CRLF, without the empty line. `method` is the request's. Throws
 * `ResponseSyntaxError` for what two readers could understand differently.
 */
export function parseHead(text: string, method: string): ParsedHead {
  refuseControls(text);
  STATUS_LINE.lastIndex = 0;
  const match = STATUS_LINE.exec(text);
  if (match === null) throw malformed("status line");
  if (text.includes("\t") && TABBED_FRAMING.test(text)) throw malformed("tab in a framing field");
  const isHttp11 = match[1] === "1";
  const status = Number(match[2]);
  const headers = parseFields(text, match[0].length);
  let length: string | undefined;
  let coding: string | undefined;
  let connection = "";
  for (const [name, value] of headers) {
    if (name === "content-length") {
      // RFC 9112 §6.3 lets us take equal lengths for one; nobody who means well sends two.
      if (length !== undefined || !LENGTH.test(value)) throw malformed("content-length");
      length = value;
    } else if (name === "transfer-encoding") {
      // Others need a decoder that nobody has (§7); in HTTP/1.0 it is a framing that the server does not know (§6.1).
      if (coding !== undefined || value.toLowerCase() !== "chunked" || !isHttp11) throw malformed("transfer-encoding");
      coding = value;
    } else if (name === "connection") connection += `,${value.toLowerCase()}`;
  }
  if (length !== undefined && coding !== undefined) throw malformed("both content-length and transfer-encoding"); // §6.3
  const hasBody = !isBodiless(status, method);
  const bodyLength = !hasBody ? 0 : coding !== undefined ? "chunked" : length !== undefined ? Number(length) : "close";
  const options = connection === "" ? [] : connection.split(",").map((option) => option.trim());
  const isLast = options.includes("close") || !(isHttp11 || options.includes("keep-alive"));
  // HTTP/1.0 has no 1xx (RFC 9110 §15.2), and to close before the answer is to give none.
  if (status < 200 && (isLast || !isHttp11)) throw malformed("informational response");
  const hasProtocol = status === 101 && headers.some(([name, value]) => name === "upgrade" && value !== ""); // RFC 9110 §7.8
  if (status === 101 && !(hasProtocol && options.includes("upgrade"))) throw malformed("upgrade to nothing");
  const keepAlive = !isLast && bodyLength !== "close" && !isContradictory(status, length, coding);
  return { status, statusText: match[3] ?? "", headers, hasBody, keepAlive, bodyLength };
}

/** RFC 9112 §6.3, rule 1. */
function isBodiless(status: number, method: string): boolean {
  return status < 200 || status === 204 || status === 304 || method === "HEAD";
}

/** Framing where RFC 9110 §8.6 and RFC 9112 §6.1 forbid it: its sender may also send the body. */
function isContradictory(status: number, length: string | undefined, coding: string | undefined): boolean {
  return (status < 200 || status === 204) && (coding !== undefined || Number(length ?? 0) > 0);
}
