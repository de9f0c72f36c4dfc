/**
 * The way in: a body read once, bounded, with the model's name found in it.
 *
 * @module
 */

import { isUtf8 } from "node:buffer";
import { GatewayError } from "../errors.ts";
import { concat } from "./bytes.ts";
import { type ByteRange, findTopLevelValues, JsonSyntaxError } from "./json_scan.ts";

/** A request for a model, its bytes as they came. */
export interface ModelRequest {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly model: string;
  /** Where `model` stands in `bytes`. */
  readonly modelAt: ByteRange;
}

const KEYS = [new TextEncoder().encode("model")];
const DECODER = new TextDecoder();

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
  const models = findModels(bytes);
  const modelAt = models[0];
  if (modelAt === undefined) throw noModel();
  // Readers differ in which of two they believe: the gateway would load one model and the backend be asked for another.
  if (models.length > 1) {
    throw new GatewayError("bad_request", "The body names the model more than once", { param: "model" });
  }
  const value: unknown = parse(bytes, modelAt);
  const model = typeof value === "number" && Number.isFinite(value) ? String(value) : value;
  if (typeof model !== "string" || model === "") throw noModel();
  return { bytes, model, modelAt };
}

/** The bytes of `body` with its model written as `to`, and no other byte changed. */
export function replaceModel({ bytes, modelAt }: ModelRequest, to: string): Uint8Array<ArrayBuffer> {
  return concat([
    bytes.subarray(0, modelAt.start),
    new TextEncoder().encode(JSON.stringify(to)),
    bytes.subarray(modelAt.end),
  ]);
}

function findModels(bytes: Uint8Array<ArrayBuffer>): readonly ByteRange[] {
  if (!isUtf8(bytes)) throw new GatewayError("bad_request", "The body is not valid JSON: it is not UTF-8");
  try {
    return findTopLevelValues(bytes, KEYS)[0] ?? [];
  } catch (cause) {
    if (!(cause instanceof JsonSyntaxError)) throw cause;
    throw new GatewayError("bad_request", `The body is not a JSON object: ${cause.message}`, { cause });
  }
}

function parse(bytes: Uint8Array, { start, end }: ByteRange): unknown {
  return JSON.parse(DECODER.decode(bytes.subarray(start, end)));
}

function noModel(): GatewayError {
  return new GatewayError("bad_request", "The body names no model", { param: "model" });
}

/** Up to here a body has usually come together with its head, and is had without a stream. */
const SMALL_BYTES = 64 * 1024;

async function readBounded(request: Request, maxBytes: number): Promise<Uint8Array<ArrayBuffer>> {
  const header = request.headers.get("content-length");
  const announced = header === null ? null : Number(header);
  if (announced !== null && announced > maxBytes) throw tooLarge(maxBytes);
  try {
    // `request.body` is not touched for a small body: making its stream costs more than all the rest of reading it.
    if (announced !== null && announced <= SMALL_BYTES) return await request.bytes();
    return await readPieces(request.body, { announced, maxBytes });
  } catch (cause) {
    if (cause instanceof GatewayError) throw cause;
    throw new GatewayError("client_closed", "The client left before its request was whole", { cause });
  }
}

interface ReadOptions {
  readonly announced: number | null;
  readonly maxBytes: number;
}

async function readPieces(
  body: ReadableStream<Uint8Array> | null,
  { announced, maxBytes }: ReadOptions,
): Promise<Uint8Array<ArrayBuffer>> {
  const filling = body === null || announced === null ? null : byteReaderOf(body);
  if (filling !== null && announced !== null) return await fill(filling, announced);
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of body ?? []) {
    length += piece.length;
    if (length > maxBytes) throw tooLarge(maxBytes);
    pieces.push(piece);
  }
  return concat(pieces);
}

/** Null for a stream that cannot fill memory of its reader's choice, as one that was made by hand. */
function byteReaderOf(body: ReadableStream<Uint8Array>): ReadableStreamBYOBReader | null {
  try {
    return body.getReader({ mode: "byob" });
  } catch {
    return null;
  }
}

/** Reads into the place where the bytes are to stay; the server holds the client to the length that it announced. */
async function fill(reader: ReadableStreamBYOBReader, announced: number): Promise<Uint8Array<ArrayBuffer>> {
  let buffer = new ArrayBuffer(announced + 1); // there is room left in the read that meets the end
  for (let length = 0;;) {
    const { done, value } = await reader.read(new Uint8Array(buffer, length));
    if (value === undefined) throw new TypeError("the body's stream was cancelled");
    buffer = value.buffer;
    if (done) return new Uint8Array(buffer, 0, length);
    length += value.length;
  }
}

function tooLarge(maxBytes: number): GatewayError {
  return new GatewayError("body_too_large", `The body is larger than ${maxBytes} bytes`);
}
