/**
 * Requests that an operation of the OpenAPI document allows, generated: each names the model `m`.
 *
 * @module
 */

import fc from "fast-check";
import { concat } from "../../src/gateway/bytes.ts";
import type { DocumentedOperation } from "./document.ts";
import type { RawRequest } from "./surface.ts";
import { bytesOf, members } from "./wrong_bodies.ts";

/** A request that is to reach the backend as it is. */
export interface RightRequest extends RawRequest {
  readonly body: Uint8Array<ArrayBuffer> | null;
}

const space = fc.constantFrom("", " ", "\n\t", "\r\n  ");

/** JSON objects that name `m`, written in many ways. */
const json = fc.tuple(members(), members(), space, space, fc.constantFrom('"model"', '"\\u006dodel"'), fc.boolean())
  .map(([before, after, left, right, key, isMarked]) => {
    const all = [...before, `${key}${left}:${right}"m"`, ...after].join(`${right},${left}`);
    return bytesOf(`${isMarked ? "\ufeff" : ""}${left}{${all}}${right}`);
  });

const jsonType = fc.constantFrom(
  "application/json",
  "Application/JSON;charset=UTF-8",
  "text/plain",
  "application/problem+json",
);

/** Forms with files of any bytes. */
const form = fc.tuple(
  fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 3 }),
  fc.constantFrom("x", "----WebKitFormBoundaryAAAA", "a'b(c)+_,-./:=?", "0".repeat(70)),
  fc.nat(3),
  fc.constantFrom("", "preamble\r\n"),
  fc.constantFrom("", "\r\nepilogue --x"),
).filter(([files, boundary]) =>
  files.every((file) => !new TextDecoder("latin1").decode(file).includes(`--${boundary}`))
)
  .map(([files, boundary, at, before, after]) => {
    const parts = files.map((file, i) => [
      bytesOf(
        `Content-Disposition: form-data; name="file${i}"; filename="\u00e9${i}.wav"\r\nContent-Type: audio/wav\r\n\r\n`,
      ),
      Uint8Array.from(file),
    ]);
    parts.splice(Math.min(at, parts.length), 0, [bytesOf('content-disposition: form-data; name="model"\r\n\r\nm')]);
    const bytes = [bytesOf(before)];
    for (const part of parts) bytes.push(bytesOf(`--${boundary}\r\n`), ...part, bytesOf("\r\n"));
    bytes.push(bytesOf(`--${boundary}--${after}`));
    const type = /^[0-9A-Za-z-]+$/.test(boundary) ? boundary : `"${boundary}"`;
    return { body: concat(bytes), type: `multipart/form-data; boundary=${type}` };
  });

const urlencoded = fc.array(fc.tuple(fc.string(), fc.string()), { maxLength: 3 }).map((pairs) => {
  const others = pairs.filter(([name]) => name !== "model").map((pair) => pair.map(encodeURIComponent).join("="));
  return { body: bytesOf([...others, "mode%6C=m"].join("&")), type: "application/x-www-form-urlencoded" };
});

const otherParameters = fc.array(fc.tuple(fc.string({ minLength: 1 }), fc.string()), { maxLength: 3 })
  .map((pairs) => pairs.filter(([name]) => name !== "model").map((pair) => pair.map(encodeURIComponent).join("=")));

const anything = fc.uint8Array({ maxLength: 300 }).map((bytes) => Uint8Array.from(bytes));

/** Requests that the operation, one of a model, allows. */
export function rightRequests(
  { method, path, node: { parameters = [], requestBody } }: DocumentedOperation,
): fc.Arbitrary<RightRequest> {
  const isByQuery = path.includes("{") ||
    parameters.some((parameter) => parameter.in === "query" && parameter.required);
  const segment = fc.constantFrom("1", "resp_%2F", "%C3%A9", "a.b;c", "~", "*");
  const body: fc.Arbitrary<{ readonly body: Uint8Array<ArrayBuffer> | null; readonly type: string | null }> = isByQuery
    ? requestBody === undefined
      ? fc.constant({ body: null, type: null })
      : anything.map((bytes) => ({ body: bytes, type: "application/json" }))
    : fc.oneof(
      fc.tuple(json, jsonType).map(([bytes, type]) => ({ body: bytes, type })),
      form,
      urlencoded,
    );
  return fc.tuple(body, otherParameters, segment).map(([{ body: bytes, type }, others, id]) => {
    const query = isByQuery ? [...others, "model=m"] : others;
    return {
      method,
      target: path.replace(/\{\w+\}/g, id) + (query.length === 0 ? "" : `?${query.join("&")}`),
      headers: [
        ...(type === null ? [] : [["content-type", type] as const]),
        ...(bytes === null ? [] : [["content-length", String(bytes.length)] as const]),
      ],
      body: bytes,
    };
  });
}
