/**
 * Requests that contradict an operation of the OpenAPI document, generated from what the document says of it.
 *
 * @module
 */

import fc from "fast-check";
import { DOCUMENTED, documentedMethods, type DocumentedOperation, type ParameterNode } from "./document.ts";
import type { RawRequest } from "./surface.ts";
import {
  BAD,
  type BodyPart,
  bodyPart,
  bytesOf,
  goodObject,
  named,
  type Part,
  tooLong,
  UNKNOWN,
  unknownName,
  wrongBody,
} from "./wrong_bodies.ts";

/** A request, what is wrong with it, and which statuses say so. */
export interface Contradiction extends RawRequest {
  readonly why: string;
  readonly statuses: readonly number[];
}

interface QueryPart extends Part {
  readonly query: string;
}

/** Queries that name the model wrongly, for requests that name it nowhere else. */
const wrongQuery: fc.Arbitrary<QueryPart> = fc.oneof(
  queryPart(
    "no model in the query",
    fc.constantFrom("", "?", "?a=b", "?Model=m", "?models=m", "?=m", "?model[]=m", "?&&"),
  ),
  queryPart("an empty model in the query", fc.constantFrom("?model=", "?model", "?x=1&model=&y", "?%6dodel=")),
  queryPart("two models in the query", fc.constantFrom("?model=m&model=m", "?model=m&%6dodel=x", "?model=m&model")),
  queryPart("an unknown model in the query", unknownName.map((name) => `?model=${encodeURIComponent(name)}`), [404]),
  queryPart(
    "a broken escape in the query",
    fc.constantFrom("?model=%", "?model=%zz", "?model=%ff", "?model=%00", "?model=%C0%AF", "?%=1", "?model=%u006d"),
    [400, 404],
  ),
  queryPart("a long query", fc.nat(3000).map((more) => `?model=${"%41".repeat(400 + more)}`), [400, 404]),
);

function queryPart(
  why: string,
  query: fc.Arbitrary<string>,
  statuses: readonly number[] = BAD,
): fc.Arbitrary<QueryPart> {
  return query.map((text) => ({ why, statuses, query: text }));
}

/** Headers that change nothing about it, however odd they are; `accept` decides the shape of the answer. */
const oddHeaders: fc.Arbitrary<readonly (readonly [string, string])[]> = fc.record({
  "accept": fc.constantFrom(
    "*/*",
    "application/json",
    "text/html",
    "text/plain;q=0.1",
    "text/html,application/xhtml+xml;q=0.9",
    "text/event-stream",
    "garbage;;q=9,,/",
    ",",
    "image/png",
  ),
  "accept-encoding": fc.constantFrom("br", "gzip;q=0", "*;q=0", "br;;"),
  "anthropic-version": fc.constant("2023-06-01"),
  "expect": fc.constantFrom("100-continue", "200-ok"),
  "range": fc.constantFrom("bytes=0-1", "bytes=-", "lines=9-1,,"),
  "if-none-match": fc.constant("*"),
  "te": fc.constant("trailers, gzip"),
  "connection": fc.constantFrom("close", "x-request-id, content-type", "keep-alive, "),
  "x-request-id": fc.constant("chosen-by-the-client"),
  "x-forwarded-for": fc.constantFrom("::", "1.2.3.4, unknown, ,", "'; drop"),
  "x-http-method-override": fc.constant("DELETE"),
  "content-location": fc.constant("/etc/passwd"),
  "cookie": fc.constant("a=b; c"),
}, { requiredKeys: [] }).map((headers) => Object.entries(headers));

const PIECES = [
  "",
  " ",
  ",",
  ";",
  "=",
  '"',
  "a",
  "::1",
  "[::1]:x",
  "10.0.0.1",
  "http",
  "https",
  "gateway.test",
  "localhost:1",
  "1.1 x",
  "for=_x",
  "chunked",
  "gzip",
  "upgrade",
  "websocket",
  "13",
  "Basic",
  "Bearer",
  "%zz",
  "*",
  "null",
  "http://evil.test",
  "cross-site",
  "\u00ff",
  "99999999999999999999",
  "-1",
  "multipart/form-data",
  "boundary=x",
  "application/json",
  "text/html",
];

/** Headers that decide something, with values of any kind. */
export const wildHeaders: fc.Arbitrary<readonly (readonly [string, string])[]> = fc.array(
  fc.tuple(
    fc.constantFrom(
      ...[
        "host",
        "origin",
        "sec-fetch-site",
        "forwarded",
        "x-forwarded-for",
        "x-forwarded-host",
        "x-forwarded-proto",
        "x-real-ip",
      ],
      ...[
        "authorization",
        "x-api-key",
        "connection",
        "upgrade",
        "sec-websocket-version",
        "sec-websocket-key",
        "via",
        "te",
      ],
      ...[
        "content-type",
        "content-length",
        "transfer-encoding",
        "content-encoding",
        "accept",
        "expect",
        "range",
        "cookie",
      ],
      ...["access-control-request-headers", "sec-websocket-protocol", "keep-alive", "trailer", "anthropic-version"],
    ),
    fc.array(fc.constantFrom(...PIECES), { maxLength: 4 }).map((pieces) => pieces.join("").trim()),
  ),
  { minLength: 1, maxLength: 5 },
).map((headers) => [...new Map(headers)]);

/** Segments of paths that a clean client would not send, and that name nothing. */
const oddSegment: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(
    "%00",
    "%2F",
    "%2f..%2f",
    "..",
    ".",
    "%2e%2e",
    ";a=b",
    "m;x",
    "%",
    "%zz",
    "%ff",
    "%C0%AF",
    "%25",
    "%E2%82%AC",
  ),
  fc.constantFrom(
    "constructor",
    "__proto__",
    "-1",
    "0",
    "1e9",
    "null",
    "*",
    "{id}",
    "$1",
    "m%20",
    "'",
    "<script>",
    "%0d%0aX:%20y",
  ),
  unknownName.map(encodeURIComponent),
  fc.nat(4000).map((length) => "x".repeat(length + 1)),
).map((segment) => segment.replace(/[?#/]/g, encodeURIComponent));

/** Which contradictions an operation has besides a wrong method; null for one that takes nothing. */
export function contradictionsOf(operation: DocumentedOperation): fc.Arbitrary<Contradiction> | null {
  const parts = [...partsOf(operation)];
  if (parts.length === 0) return null;
  return fc.tuple(fc.oneof(...parts), oddHeaders).map(([{ headers = [], ...rest }, odd]) => {
    const isTaken = (name: string) => headers.some(([taken]) => taken === name);
    return { method: operation.method, ...rest, headers: [...headers, ...odd.filter(([name]) => !isTaken(name))] };
  });
}

type Parts = Iterable<fc.Arbitrary<Omit<Contradiction, "method">>>;

function partsOf(operation: DocumentedOperation): Parts {
  switch (operation.node.tags[0]) {
    case "models":
      return ofModels(operation);
    case "pass-through":
      return operation.path.startsWith("/upstream/") ? ofUpstream(operation) : ofComfy();
    default:
      return ofGateway(operation);
  }
}

function* ofModels({ path, node: { parameters = [], requestBody } }: DocumentedOperation): Parts {
  const concrete = path.replace(/\{\w+\}/g, "1");
  const isByQuery = path.includes("{") ||
    parameters.some((parameter) => parameter.in === "query" && parameter.required);
  if (isByQuery) {
    yield wrongQuery.map(({ query, ...rest }) => ({ ...rest, target: concrete + query }));
    yield fc.tuple(wrongQuery, oddSegment).map(([{ query, ...rest }, segment]) => ({
      ...rest,
      target: path.replace(/\{\w+\}/g, segment) + query,
    }));
    if (requestBody !== undefined) yield tooLong.map((part) => withBody(part, `${concrete}?model=m`));
    return;
  }
  yield wrongBody.map((part) => withBody(part, concrete));
  yield wrongQuery.map(({ query, ...rest }) => ({
    ...rest,
    target: concrete + query,
    body: bytesOf(""),
    headers: [["content-length", "0"]],
  }));
  yield unknownName.map((name) => {
    const part = { why: "a query that contradicts the body", statuses: BAD, type: null, body: bytesOf(named('"m"')) };
    return withBody(part, `${concrete}?model=${encodeURIComponent(name)}`);
  });
}

function* ofUpstream({ method }: DocumentedOperation): Parts {
  yield fc.array(oddSegment, { minLength: 1, maxLength: 3 }).map((segments) => ({
    why: "no model at the beginning of the path",
    statuses: UNKNOWN,
    target: `/upstream/${segments.join("/")}`,
  }));
  yield fc.tuple(fc.constantFrom("m", "%6d", "/m", "//other"), fc.constantFrom("js", "css", "ico", "json")).map(
    ([name, ending]) => ({
      why: "what a page loads, of a model that is not loaded",
      statuses: [409],
      target: `/upstream/${name}/x.${ending}`,
    }),
  );
  if (method !== "GET") yield tooLong.map((part) => withBody(part, "/upstream/m/v1/x"));
}

function* ofComfy(): Parts {
  yield fc.array(oddSegment, { minLength: 1, maxLength: 3 }).map((segments) => ({
    why: "a path that may not start ComfyUI",
    statuses: [409],
    target: `/comfyui/${segments.join("/")}`,
  }));
}

function* ofGateway({ path, node: { parameters = [], requestBody } }: DocumentedOperation): Parts {
  for (const parameter of parameters) {
    const wrong = parameter.in === "query" ? wrongParameter(parameter) : null;
    if (wrong !== null) yield wrong.map(({ query, ...rest }) => ({ ...rest, target: path + query }));
  }
  if (path.includes("{")) {
    yield oddSegment.map((segment) => ({
      why: "a path that names nothing",
      statuses: path.startsWith("/logs/") ? BAD : UNKNOWN,
      target: path.replace(/\{\w+\}/g, segment),
    }));
  }
  if (requestBody !== undefined) yield wrongProfile.map((part) => withBody(part, path));
}

/** Bodies that the one route of the gateway's own that reads a body refuses. */
const wrongProfile: fc.Arbitrary<BodyPart> = fc.oneof(
  bodyPart(
    "no object",
    fc.oneof(fc.string().filter((text) => !/^\s*\{/.test(text)), fc.constantFrom("[]", "1", "null")),
  ),
  bodyPart("JSON that breaks off", fc.constantFrom("{", '{"name"', '{"name":', '{"name":"x"')),
  bodyPart("a required member is missing", fc.constantFrom("{}", '{"nam":1}', '{"Name":null}')),
  bodyPart("a member of another type", fc.constantFrom('{"name":1}', '{"name":[]}', '{"name":{}}', '{"name":true}')),
  bodyPart("an unknown name", unknownName.map((name) => JSON.stringify({ name })), { statuses: UNKNOWN }),
  bodyPart("far too long", fc.constant(JSON.stringify({ name: "x".repeat(70_000) })), { statuses: [413] }),
);

function withBody(
  { type, body, headers = [], why, statuses }: BodyPart,
  target: string,
): Omit<Contradiction, "method"> {
  const hasLength = headers.some(([name]) => name === "content-length");
  return {
    why,
    statuses,
    target,
    body,
    headers: [
      ...(type === null ? [] : [["content-type", type] as const]),
      ...(hasLength ? [] : [["content-length", String(body.length)] as const]),
      ...headers,
    ],
  };
}

/** Values that the schema of a query parameter does not allow. */
function wrongParameter({ name, schema }: ParameterNode): fc.Arbitrary<QueryPart> | null {
  const why = `a value that ${name} cannot have`;
  if (schema["type"] === "integer") {
    const value = fc.oneof(
      fc.constantFrom(
        "",
        "0",
        "-1",
        "1.5",
        "1e2",
        "0x10",
        " 5",
        "5 ",
        "NaN",
        "Infinity",
        "١",
        "%00",
        "%",
        "%ff",
        "1,2",
        "true",
      ),
      fc.integer({ min: 1001 }).map(String),
      fc.string().map(encodeURIComponent).filter((text) => !/^\d+$/.test(text)),
    );
    return queryPart(why, value.map((text) => `?${name}=${text}`));
  }
  if (Array.isArray(schema["enum"])) {
    const value = fc.oneof(fc.constantFrom("", "PLAIN", "plain ", "%00", "%"), fc.string().map(encodeURIComponent))
      .filter((text) => !(schema["enum"] as unknown[]).includes(text));
    return queryPart(why, value.map((text) => `?${name}=${text}`));
  }
  return null; // any text will do
}

/** Requests by methods that the document does not have for a path. */
export const wrongMethods: fc.Arbitrary<Contradiction & { readonly allow: readonly string[] }> = fc.tuple(
  fc.constantFrom(...DOCUMENTED.filter(({ node }) => node.tags[0] !== "pass-through").map(({ path }) => path)),
  fc.constantFrom("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND", "BREW", "get", "constructor"),
  fc.constantFrom("1", "m", "x%2Fy", "a.b"),
  fc.option(goodObject, { nil: undefined }),
  oddHeaders,
).map(([template, method, segment, text, odd]) => {
  const path = template.replace(/\{\w+\}/g, segment);
  const body = text === undefined || method === "GET" || method === "HEAD" ? null : bytesOf(text);
  return {
    why: "a method that the path does not answer",
    statuses: [405],
    method,
    target: path,
    body,
    headers: [...(body === null ? [] : [["content-length", String(body.length)] as const]), ...odd],
    allow: documentedMethods(path),
  };
}).filter(({ method, allow }) => !allow.includes(method));
