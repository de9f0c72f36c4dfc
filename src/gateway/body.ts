/**
 * The way in: a body read once, bounded, with the model's name found in it.
 *
 * @module
 */

import { GatewayError } from "../errors.ts";
import { concat } from "./bytes.ts";
import { findTopLevelValues } from "./json_scan.ts";

/** A request for a model, its bytes as they came. */
export interface ModelRequest {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly model: string;
  readonly stream: boolean;
}

/**
 * Reads the body of `request`.
 *
 * @throws {GatewayError} `body_too_large`, `client_closed` when the body breaks off, or `bad_request` for what is no JSON
 * object with a usable `model`.
 */
export async function readModelRequest(
  request: Request,
  { maxBytes }: { readonly maxBytes: number },
): Promise<ModelRequest> {
  const bytes = await readBounded(request, maxBytes);
  let parsed: unknown;
  try {
    parsed = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new GatewayError("bad_request", "The body is not valid JSON", { cause });
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) {
    throw new GatewayError("bad_request", "The body is not a JSON object");
  }
  const value: unknown = Object.hasOwn(parsed, "model") ? Reflect.get(parsed, "model") : undefined;
  const model = typeof value === "number" && Number.isFinite(value) ? String(value) : value;
  if (typeof model !== "string" || model === "") {
    throw new GatewayError("bad_request", "The body names no model", { param: "model" });
  }
  return { bytes, model, stream: Object.hasOwn(parsed, "stream") && Reflect.get(parsed, "stream") === true };
}

/** The same JSON with the top-level `model` values that equal `from` written as `to`, and no other byte changed. */
export function replaceModel(bytes: Uint8Array<ArrayBuffer>, from: string, to: string): Uint8Array<ArrayBuffer> {
  const name = new TextEncoder().encode(JSON.stringify(to));
  let result = bytes;
  for (const { start, end } of findTopLevelValues(bytes, "model").reverse()) {
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes.subarray(start, end)));
    if (String(value) !== from) continue;
    const next = new Uint8Array(result.length - (end - start) + name.length);
    next.set(result.subarray(0, start));
    next.set(name, start);
    next.set(result.subarray(end), start + name.length);
    result = next;
  }
  return result;
}

async function readBounded(request: Request, maxBytes: number): Promise<Uint8Array<ArrayBuffer>> {
  if (Number(request.headers.get("content-length") ?? 0) > maxBytes) throw tooLarge(maxBytes);
  if (request.body === null) return new Uint8Array(0);
  const pieces: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const piece of request.body) {
      length += piece.length;
      if (length > maxBytes) throw tooLarge(maxBytes);
      pieces.push(piece);
    }
  } catch (cause) {
    if (cause instanceof GatewayError) throw cause;
    throw new GatewayError("client_closed", "The client left before its request was whole", { cause });
  }
  return concat(pieces);
}

function tooLarge(maxBytes: number): GatewayError {
  return new GatewayError("body_too_large", `The body is larger than ${maxBytes} bytes`);
}
