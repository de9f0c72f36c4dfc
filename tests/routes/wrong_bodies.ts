/**
 * Bodies that name the model wrongly or are malformed, generated.
 *
 * @module
 */

import fc from "fast-check";

/** What a part of a request may be. */
export interface Part {
  readonly why: string;
  readonly statuses: readonly number[];
}

/** A body and what it is said to be. */
export interface BodyPart extends Part {
  readonly type: string | null;
  readonly body: Uint8Array<ArrayBuffer>;
  readonly headers?: readonly (readonly [string, string])[];
}

/** The models that the configs of these tests have; no generated name is one of them. */
export const KNOWN_NAMES: readonly string[] = ["m", "other", "comfyui_auto", "first", "spill"];

/** What is malformed. */
export const BAD: readonly number[] = [400];
/** What names nothing. */
export const UNKNOWN: readonly number[] = [404];
const ENCODER = new TextEncoder();
/** As UTF-8. */
export const bytesOf = (text: string): Uint8Array<ArrayBuffer> => ENCODER.encode(text);

/** Names that nothing has, also such as objects have by themselves. */
export const unknownName: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(
    "M",
    "m/",
    "/m",
    " m",
    "m ",
    "m\0",
    "constructor",
    "__proto__",
    "toString",
    "..",
    "m:x",
    ":latest",
    "null",
  ),
  fc.string({ minLength: 1, maxLength: 40 }),
  fc.string({ unit: "grapheme", minLength: 1, maxLength: 20 }),
  fc.integer().map(String),
).filter((name) => !KNOWN_NAMES.includes(name.replace(/:latest$/, "")) && name.trim() !== "" && name.isWellFormed());

/** A JSON object that names `m`, with other members around it. */
export const goodObject: fc.Arbitrary<string> = fc.tuple(members(), members()).map(([before, after]) =>
  `{${[...before, '"model":"m"', ...after].join(",")}}`
);

/** Texts of members, none of which is `model`. */
export function members(): fc.Arbitrary<readonly string[]> {
  const member = fc.tuple(fc.string({ maxLength: 8 }), fc.jsonValue({ maxDepth: 3 }))
    .filter(([key]) => key.toLowerCase() !== "model")
    .map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`);
  const stream = fc.constantFrom('"stream":true', '"stream":"yes"', '"stream":{}', '"stream":[1]', '"stream":null');
  return fc.array(fc.oneof(member, stream), { maxLength: 4 });
}

const JSON_TYPES = ["application/json", "application/json; charset=utf-8", "text/json", "application/vnd.x+json"];
const jsonType = fc.constantFrom(...JSON_TYPES);
const anyType = fc.constantFrom(null, "text/plain", "application/octet-stream", "garbage", ";", "a/b;c", ...JSON_TYPES);

/** Bodies that are wrong for one reason. */
export function bodyPart(
  why: string,
  body: fc.Arbitrary<string | Uint8Array<ArrayBuffer>>,
  { type = anyType, statuses = BAD }: {
    readonly type?: fc.Arbitrary<string | null>;
    readonly statuses?: readonly number[];
  } = {},
): fc.Arbitrary<BodyPart> {
  return fc.tuple(body, type).map(([bytes, contentType]) => ({
    why,
    statuses,
    type: contentType,
    body: typeof bytes === "string" ? bytesOf(bytes) : bytes,
  }));
}

/** JSON bodies that the schema of every model request contradicts. */
const wrongJson: fc.Arbitrary<BodyPart> = fc.oneof(
  bodyPart("JSON that breaks off", fc.tuple(goodObject, fc.nat()).map(([text, at]) => text.slice(0, at % text.length))),
  bodyPart(
    "JSON with a stray byte",
    fc.tuple(goodObject, fc.constantFrom("}", "]", ",", "\0", "'", "\u2028", "//", "NaN")).map(([text, stray]) =>
      text + stray
    ),
  ),
  bodyPart(
    "JSON that is no UTF-8",
    fc.constantFrom([0xff], [0xc0, 0xaf], [0xed, 0xa0, 0x80], [0x80]).map((bad) =>
      Uint8Array.from([...bytesOf('{"model":"m","x":"'), ...bad, ...bytesOf('"}')])
    ),
    { type: jsonType },
  ),
  bodyPart("UTF-16", fc.constant(Uint8Array.from([0xff, 0xfe, 0x7b, 0, 0x7d, 0])), { type: jsonType }),
  bodyPart(
    "no object",
    fc.jsonValue().filter((value) => typeof value !== "object" || value === null || Array.isArray(value))
      .map((value) => JSON.stringify(value)),
    { type: jsonType },
  ),
  bodyPart("no model", members().map((list) => `{${list.join(",")}}`)),
  bodyPart(
    "a model that is no text",
    fc.constantFrom("true", "false", "[]", '["m"]', "{}", '{"m":1}', "null").map(named),
  ),
  bodyPart("a model of a number", fc.integer().map((number) => named(String(number))), { statuses: UNKNOWN }),
  bodyPart("an empty model", fc.constant(named('""'))),
  bodyPart("a model that is too long", fc.nat(5000).map((more) => named(`"${"m".repeat(1025 + more)}"`))),
  bodyPart("an unknown model", unknownName.map((name) => named(JSON.stringify(name))), { statuses: UNKNOWN }),
  bodyPart(
    "two models",
    fc.tuple(fc.constantFrom("model", "\\u006dodel", "mode\\u006C"), fc.constantFrom('"m"', "null", "1"), fc.boolean())
      .map(
        ([key, value, isFirst]) =>
          isFirst ? `{"${key}":${value},"model":"m"}` : `{"model":"m","x":[],"${key}":${value}}`,
      ),
  ),
  bodyPart(
    "nothing but text",
    fc.string({ maxLength: 50 }).filter((text) => !/^\s*\{/.test(text)),
    { type: fc.constantFrom("text/plain", null, "application/xml", "application/octet-stream") },
  ),
  bodyPart("deep nesting that breaks off", fc.nat(20_000).map((depth) => `{"model":"m","x":${"[".repeat(depth + 1)}`)),
);

/** A JSON object with this text as its model. */
export function named(model: string): string {
  return `{"x":1,"model":${model}}`;
}

const BOUNDARY = "----limit";
const FORM_TYPE = `multipart/form-data; boundary=${BOUNDARY}`;

/** The parts of a form as it is sent. */
function formOf(fields: readonly string[], { end = `--${BOUNDARY}--\r\n` }: { readonly end?: string } = {}): string {
  return fields.map((field) => `--${BOUNDARY}\r\n${field}\r\n`).join("") + end;
}

function field(name: string, value: string, more = ""): string {
  return `Content-Disposition: form-data; name="${name}"${more}\r\n\r\n${value}`;
}

const form = fc.constant(FORM_TYPE);
const file = fc.string({ maxLength: 60 }).filter((text) => !text.includes(BOUNDARY))
  .map((content) => field("file", content, '; filename="a.wav"'));

const wrongForm: fc.Arbitrary<BodyPart> = fc.oneof(
  bodyPart(
    "a form that breaks off",
    fc.tuple(file, fc.nat()).map(([part, cut]) => {
      const whole = formOf([field("model", "m"), part]);
      return whole.slice(0, cut % (whole.length - `--\r\n`.length)); // the last delimiter is not whole
    }),
    { type: form },
  ),
  bodyPart("a form without a model", file.map((part) => formOf([part, field("mode", "m")])), { type: form }),
  bodyPart("a form with an empty model", fc.constant(formOf([field("model", "")])), { type: form }),
  bodyPart("a form with two models", file.map((part) => formOf([field("model", "m"), part, field("model", "m")])), {
    type: form,
  }),
  bodyPart(
    "a form with an unknown model",
    unknownName.filter((name) => !/[\r\n]/.test(name)).map((name) => formOf([field("model", name)])),
    { type: form, statuses: UNKNOWN },
  ),
  bodyPart("a form whose model is a file", fc.constant(formOf([field("model", "m", '; filename="m"')])), {
    type: form,
  }),
  bodyPart(
    "a form whose model is no UTF-8",
    fc.constant(
      Uint8Array.from([
        ...bytesOf(`--${BOUNDARY}\r\nContent-Disposition: form-data; name="model"\r\n\r\n`),
        0xff,
        ...bytesOf(`\r\n--${BOUNDARY}--\r\n`),
      ]),
    ),
    { type: form },
  ),
  bodyPart("a form of another boundary", fc.constant(formOf([field("model", "m")])), {
    type: fc.constantFrom(
      "multipart/form-data; boundary=other",
      "multipart/form-data",
      "multipart/form-data; boundary=",
      `multipart/form-data; boundary="${"x".repeat(71)}"`,
      `multipart/form-data; boundary=a; boundary=${BOUNDARY}`,
    ),
  }),
  bodyPart("a form of nothing", fc.constantFrom("", "\r\n", "x", `--${BOUNDARY}`, `--${BOUNDARY}--`), { type: form }),
);

const urlencoded = fc.constant("application/x-www-form-urlencoded");

const wrongUrlEncoded: fc.Arbitrary<BodyPart> = fc.oneof(
  bodyPart("fields without a model", fc.constantFrom("", "a=b", "models=m", "=m", "&&&", "%", "%zz=1"), {
    type: urlencoded,
  }),
  bodyPart("fields with two models", fc.constantFrom("model=m&model=m", "model=m&%6dodel=x"), { type: urlencoded }),
  bodyPart("fields with an empty model", fc.constantFrom("model=", "model", "a=1&model=&b"), { type: urlencoded }),
  bodyPart(
    "fields with an unknown model",
    unknownName.map((name) => `model=${encodeURIComponent(name)}`),
    { type: urlencoded, statuses: UNKNOWN },
  ),
  bodyPart("fields with a broken escape", fc.constantFrom("model=%", "model=%zz", "model=%ff"), {
    type: urlencoded,
    statuses: [400, 404],
  }),
);

/** Bodies of a length that is over the limit: whatever is in them. */
export const tooLong: fc.Arbitrary<BodyPart> = fc.integer({ min: 1024 * 1024 + 1, max: Number.MAX_SAFE_INTEGER })
  .map((length) => ({
    why: "a length over the limit",
    statuses: [413],
    type: "application/json",
    body: bytesOf(named('"m"')),
    headers: [["content-length", String(length)]],
  }));

const compressed: fc.Arbitrary<BodyPart> = fc.uint8Array({ minLength: 1, maxLength: 40 }).map((bytes) => ({
  why: "a compressed body",
  statuses: BAD,
  type: "application/json",
  body: Uint8Array.from([0x1f, 0x8b, ...bytes]),
  headers: [["content-encoding", "gzip"]],
}));

/** Bodies that every route which finds its model in the body refuses. */
export const wrongBody: fc.Arbitrary<BodyPart> = fc.oneof(
  { weight: 4, arbitrary: wrongJson },
  { weight: 3, arbitrary: wrongForm },
  wrongUrlEncoded,
  tooLong,
  compressed,
);
