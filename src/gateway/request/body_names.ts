/**
 * Where a body names the model, and whether it asks for a stream.
 *
 * @module
 */

import { GatewayError } from "../../errors.ts";
import { type ByteRange, findTopLevelValues, findValuesIfObject, JsonSyntaxError } from "../json_scan.ts";
import { firstNonUtf8 } from "../utf8.ts";
import { jsonBytes } from "./json_edit.ts";
import type { FieldValue } from "./multipart_scanner.ts";
import { encodeParameter, findParameters, parameterAt } from "./parameters.ts";

/** What was found in a body. */
export interface BodyNames {
  /** Whether it is JSON, so that filters apply. */
  readonly isJson: boolean;
  /** The name; null when there is none. */
  readonly model: string | null;
  /** Where it stands, at most one place. */
  readonly modelAt: ByteRange | null;
  readonly wantsStream: boolean;
  /** A name as it is written there. */
  readonly write: (model: string) => Uint8Array<ArrayBuffer>;
}

/** Most bytes of a model's name. */
export const MAX_NAME_BYTES = 1024;

/** The same with every character escaped, and the quotes; what is longer is not even looked at. */
const MAX_JSON_NAME_BYTES = 6 * MAX_NAME_BYTES + 2;
const KEYS = ["model", "stream"].map((key) => new TextEncoder().encode(key));
const DECODER = new TextDecoder();
const STRICT_DECODER = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** A body that says nothing about models. */
export const NO_NAMES: BodyNames = {
  isJson: false,
  model: null,
  modelAt: null,
  wantsStream: false,
  write: () => new Uint8Array(0),
};

/**
 * Reads JSON: an object, or `anyValue`.
 *
 * @throws {GatewayError} `bad_request` when it is none, or names the model twice or by something else than text.
 */
export function namesInJson(bytes: Uint8Array, { anyValue = false }: { readonly anyValue?: boolean } = {}): BodyNames {
  try {
    return scanned(bytes, anyValue);
  } catch (cause) {
    if (!(cause instanceof JsonSyntaxError)) throw cause;
    const what = anyValue ? "valid JSON" : "a JSON object";
    throw new GatewayError("bad_request", `The body is not ${what}: ${cause.message}`, { cause });
  }
}

/** Reads a JSON object, or null when it is none. Throws `bad_request` for an object that names the model wrongly. */
export function namesIfJsonObject(bytes: Uint8Array): BodyNames | null {
  if (!looksLikeObject(bytes)) return null;
  try {
    return scanned(bytes, false);
  } catch (error) {
    if (error instanceof JsonSyntaxError) return null;
    throw error;
  }
}

function scanned(bytes: Uint8Array, anyValue: boolean): BodyNames {
  const bad = firstNonUtf8(bytes);
  if (bad !== null) throw new JsonSyntaxError("the text is no UTF-8", bad);
  const found = anyValue ? findValuesIfObject(bytes, KEYS) : findTopLevelValues(bytes, KEYS);
  const [models = [], streams = [], variants = []] = found;
  if (variants.length > 0) {
    // Some readers (Go's among them) take such a key for the other, and would be asked for another model than was allowed.
    const message = "The body has a key that differs from `model` or `stream` by upper case alone";
    throw new GatewayError("bad_request", message, { param: "model" });
  }
  const modelAt = onlyOne(models, "body");
  const stream = streams.at(-1);
  return {
    isJson: true,
    model: modelAt === null ? null : modelText(bytes, modelAt),
    modelAt,
    wantsStream: stream !== undefined && isTrue(bytes, stream),
    write: jsonBytes,
  };
}

/** Whether `bytes` begin like a JSON object, behind space and a byte order mark. */
export function looksLikeObject(bytes: Uint8Array): boolean {
  let at = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
  for (let byte = bytes[at]; byte === 32 || byte === 10 || byte === 13 || byte === 9; byte = bytes[at]) at++;
  return bytes[at] === 0x7b;
}

/** Reads a form of type `application/x-www-form-urlencoded`. Throws `bad_request` for two models. */
export function namesInUrlEncoded(bytes: Uint8Array): BodyNames {
  const modelAt = onlyOne(findParameters(bytes, "model"), "body");
  const stream = findParameters(bytes, "stream").at(-1);
  return {
    isJson: false,
    model: modelAt === null ? null : parameterAt(bytes, modelAt),
    modelAt,
    wantsStream: stream !== undefined && parameterAt(bytes, stream) === "true",
    write: encodeParameter,
  };
}

/** Reads what was found in a multipart form. Throws `bad_request` for two models or one that is no text. */
export function namesInMultipart(found: ReadonlyMap<string, readonly FieldValue[]>, boundary: string): BodyNames {
  const fields = found.get("model") ?? [];
  const field = onlyOne(fields.some(({ isFile }) => !isFile) ? fields : [], "form");
  const stream = found.get("stream")?.findLast(({ isFile }) => !isFile);
  return {
    isJson: false,
    model: field === null ? null : fieldText(field),
    modelAt: field,
    wantsStream: stream !== undefined && DECODER.decode(stream.bytes) === "true",
    write: (model) => fieldBytes(model, boundary),
  };
}

/** Readers differ in which of two they believe: the gateway would load one model and the backend be asked for another. */
function onlyOne<Place>(places: readonly Place[], where: string): Place | null {
  if (places.length > 1) {
    throw new GatewayError("bad_request", `The ${where} names the model more than once`, { param: "model" });
  }
  return places[0] ?? null;
}

function modelText(bytes: Uint8Array, at: ByteRange): string | null {
  if (at.end - at.start > MAX_JSON_NAME_BYTES) {
    throw new GatewayError("bad_request", `The body's model is longer than ${MAX_NAME_BYTES} bytes`, {
      param: "model",
    });
  }
  const value: unknown = jsonAt(bytes, at);
  if (value === null || typeof value === "string") return value;
  if (typeof value === "number" && Number.isFinite(value)) return String(value);
  throw new GatewayError("bad_request", "The body's model must be text", { param: "model" });
}

/** The truth of a value as llama-swap sees it. */
function isTrue(bytes: Uint8Array, at: ByteRange): boolean {
  const first = bytes[at.start];
  if (first === LOWER_T) return true;
  if (at.end - at.start > MAX_TRUTH_BYTES || first === LOWER_F) return false;
  const value: unknown = jsonAt(bytes, at);
  return value === "true" || (typeof value === "number" && value !== 0);
}

const LOWER_T = 116, LOWER_F = 102;
/** No text that means true, and no number that anybody writes, is longer. */
const MAX_TRUTH_BYTES = 400;

function jsonAt(bytes: Uint8Array, { start, end }: ByteRange): unknown {
  const text = DECODER.decode(bytes.subarray(start, end));
  return text.startsWith('"') && !text.includes("\\") ? text.slice(1, -1) : JSON.parse(text);
}

function fieldText({ bytes, isFile }: FieldValue): string {
  if (isFile) throw new GatewayError("bad_request", "The form's model is a file", { param: "model" });
  try {
    return STRICT_DECODER.decode(bytes);
  } catch (cause) {
    throw new GatewayError("bad_request", "The form's model is not UTF-8", { param: "model", cause });
  }
}

/** A name must not look like the end of its part: the client has chosen the boundary. */
function fieldBytes(model: string, boundary: string): Uint8Array<ArrayBuffer> {
  if (/[\r\n]/.test(model) || model.startsWith(`--${boundary}`)) {
    throw new GatewayError("bad_request", "The form's boundary does not go with the model's name", { param: "model" });
  }
  return new TextEncoder().encode(model);
}
