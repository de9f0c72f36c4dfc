import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { GatewayError } from "../../../src/errors.ts";
import { bytesOf, read, type Sent, textOf } from "./reading.ts";

const FORM = "application/x-www-form-urlencoded";
const MULTIPART = "multipart/form-data; boundary=XX";

/** A form with the lines of each part given. */
function form(...parts: readonly string[]): string {
  return parts.map((part) => `--XX\r\n${part}\r\n`).join("") + "--XX--\r\n";
}

function field(name: string, value: string): string {
  return `Content-Disposition: form-data; name="${name}"\r\n\r\n${value}`;
}

Deno.test("SW1, SW2, SV70: another name replaces the value alone, in JSON, form, multipart and query", async (t) => {
  const upload = (model: string) =>
    form(
      'Content-Disposition: form-data; name="file"; filename="a b.wav"\r\nContent-Type: audio/wav\r\n\r\n\u0000\r\n--X\u0001',
      field("model", model),
      field("prompt", "old"),
    );
  const cases: readonly [string, Sent, string, string, string][] = [
    ["JSON", {}, '{ "a":[1], "model" : "old" }', '{ "a":[1], "model" : "n/w \\"x" }', ""],
    ["a form", { type: FORM }, "a=1&model=old&b=old", "a=1&model=n%2Fw%20%22x&b=old", ""],
    ["multipart", { type: MULTIPART }, upload("old"), upload('n/w "x'), ""],
    [
      "JSON and query",
      { query: "?b=1&model=old" },
      '{"model":"old"}',
      '{"model":"n/w \\"x"}',
      "?b=1&model=n%2Fw%20%22x",
    ],
    ["the query of a list", { query: "?model=old&z" }, '[{"model":"x"}]', '[{"model":"x"}]', "?model=n%2Fw%20%22x&z"],
    ["another type", { type: "image/png", query: "?model=old" }, "model=old", "model=old", "?model=n%2Fw%20%22x"],
    ["no type", { type: null, query: "?model=old" }, "\u0000", "\u0000", "?model=n%2Fw%20%22x"],
    ["no body", { query: "?%6dodel=old" }, "", "", "?%6dodel=n%2Fw%20%22x"],
  ];
  for (const [name, sent, before, after, query] of cases) {
    await t.step(name, async () => {
      const request = await read(before, sent);
      assertEquals([request.model, request.query, await textOf(request)], ["old", sent.query ?? "", before]);
      const renamed = request.withModel('n/w "x');
      assertEquals([renamed.model, renamed.query, await textOf(renamed)], ['n/w "x', query, after]);
      assertEquals(renamed.length, (await bytesOf(renamed)).length);
      assertEquals(renamed.contentType, null);
      assertEquals(await textOf(renamed.withModel("old")), before);
    });
  }
});

Deno.test("SV47, SW6, SW7: a name is found whatever it is, and the bytes stay for whoever comes next (SW8)", async (t) => {
  const cases: readonly [string, Sent, string][] = [
    ['{"model":"a/b:c"}', {}, "a/b:c"],
    ['{"model":7}', {}, "7"],
    [' \n{"model":"caf\\u00e9"}', { type: "Application/JSON; Charset=utf-8" }, "café"],
    ['{"model":"m"}', { type: "application/vnd.api+json" }, "m"],
    ["model=a%2Fb+c&stream", { type: "APPLICATION/x-www-form-urlencoded" }, "a/b c"],
    [form(field("model", "a/b")), { type: 'Multipart/Form-Data; boundary="XX"' }, "a/b"],
    [form(field("model", "a")).trimEnd() + " ", { type: MULTIPART }, "a"],
    ["preamble\r\n" + form(field("model", "a")) + "epilogue --XX", { type: MULTIPART }, "a"],
  ];
  for (const [body, sent, model] of cases) {
    await t.step(body.trim(), async () => {
      const request = await read(body, sent);
      assertEquals([request.model, await textOf(request), request.query], [model, body, ""]);
    });
  }
});

Deno.test("SW5: where the query decides, the body is not looked at", async (t) => {
  for (const method of ["GET", "HEAD", "DELETE", "POST"]) {
    await t.step(method, async () => {
      const body = method === "GET" || method === "HEAD" ? null : '{"model":"b","model":';
      const request = await read(body, { modelIn: "query", method, query: "?x=1&model=a%2Fb" });
      assertEquals([request.model, await textOf(request)], ["a/b", body ?? ""]);
      assertEquals(request.withModel("c").query, "?x=1&model=c");
    });
  }
});

Deno.test("SW10: a stream is asked for by true, a number or the text true", async (t) => {
  const cases: readonly [string, Sent, boolean][] = [
    ['{"model":"m","stream":true}', {}, true],
    ['{"model":"m","stream":1.5}', {}, true],
    ['{"model":"m","stream":"true"}', {}, true],
    ['{"model":"m","stream":0}', {}, false],
    ['{"model":"m","stream":"1"}', {}, false],
    ['{"model":"m","stream":[true]}', {}, false],
    ['{"model":"m","stream":true,"stream":false}', {}, false],
    ['{"model":"m","x":{"stream":true}}', { query: "?stream=true" }, false],
    ["model=m&stream=true", { type: FORM }, true],
    ["model=m&stream=1", { type: FORM }, false],
    [form(field("stream", "true"), field("model", "m")), { type: MULTIPART }, true],
    [form(field("stream", "false"), field("model", "m")), { type: MULTIPART }, false],
    ["", { modelIn: "query", query: "?model=m&stream=true" }, true],
    ["", { modelIn: "query", query: "?model=m&stream=1" }, false],
  ];
  for (const [body, sent, wantsStream] of cases) {
    await t.step(`${body} ${sent.query ?? ""}`, async () => {
      assertEquals((await read(body, sent)).wantsStream, wantsStream);
    });
  }
});

Deno.test("a JSON object that is called something else is sent on as what it is", async () => {
  for (const type of [FORM, "text/plain", null, "application/octet-stream"]) {
    const request = await read('\ufeff {"model":"a"}', { type });
    assertEquals([request.model, request.contentType], ["a", "application/json"]);
    assertEquals(await textOf(request.withModel("b")), ' {"model":"b"}'); // the decoder drops the mark
  }
  const text = form(field("model", "m"));
  assertEquals((await read(text, { type: MULTIPART })).contentType, null);
});

Deno.test("SV47: what names no model, two, or the model in two ways is refused as bad_request", async (t) => {
  const file = 'Content-Disposition: form-data; name="model"; filename="m.bin"\r\n\r\nm';
  const cases: readonly [name: string, body: string | Uint8Array<ArrayBuffer>, sent: Sent, says: string][] = [
    ["no model", "{}", {}, "no model id could be identified"],
    ["an empty one", '{"model":""}', {}, "names no model"],
    ["null", '{"model":null}', {}, "names no model"],
    ["an object", '{"model":{"a":1}}', {}, "must be text"],
    ["a long one", `{"model":"${"x".repeat(2000)}"}`, {}, "longer than 1024"],
    ["a very long one", `{"model":"${"x".repeat(9000)}"}`, {}, "longer than 1024"],
    ["two keys", '{"model":"a","mod\\u0065l":"a"}', {}, "more than once"],
    ["a key in upper case besides", '{"model":"a","Model":"b"}', {}, "upper case alone"],
    ["two keys under another type", '{"model":"a","model":"b"}', { type: "text/plain" }, "more than once"],
    ["JSON against query", '{"model":"a"}', { query: "?model=b" }, "another model than the query"],
    ["an empty one against query", '{"model":""}', { query: "?model=b" }, "names no model"],
    ["two in the query", "{}", { query: "?model=a&model=a" }, "query names the model more than once"],
    ["a list", "[]", {}, "not a JSON object"],
    ["no JSON though the query names it", "{]", { query: "?model=a" }, "not valid JSON"],
    ["nearly JSON without a type", '{"model":"a",}', { type: null }, "not a JSON object: expected a key at byte 13"],
    ["no UTF-8", "\u0000", {}, "not a JSON object"],
    [
      "a Latin-1 text",
      Uint8Array.from('{"model":"m","x":"\u00e4"}', (char) => char.charCodeAt(0)),
      {},
      "is no UTF-8 at byte 18",
    ],
    ["no body", "", {}, "not a JSON object"],
    ["another type", "model=a", { type: "image/png" }, "type image/png"],
    ["a form without", "a=model", { type: FORM }, "names no model"],
    ["a form with two", "model=a&mo%64el=a", { type: FORM }, "more than once"],
    ["form against query", "model=a", { type: FORM, query: "?model=b" }, "another model than the query"],
    ["multipart without", form(field("a", "b")), { type: MULTIPART }, "names no model"],
    ["multipart with an empty one", form(field("model", "")), { type: MULTIPART }, "names no model"],
    ["two fields", form(field("model", "a"), field("model", "a")), { type: MULTIPART }, "form names the model more"],
    ["a field and a file", form(field("model", "a"), file), { type: MULTIPART }, "form names the model more"],
    ["a file alone", form(file), { type: MULTIPART }, "names no model"],
    ["multipart against query", form(field("model", "a")), { type: MULTIPART, query: "?model=b" }, "than the query"],
    ["a compressed body", "{}", { headers: { "content-encoding": "gzip" } }, "compressed"],
    ["no model in the query", "", { modelIn: "query", query: "?models=a" }, "expected in the query"],
    ["an empty model in the query", "", { modelIn: "query", query: "?model=" }, "names no model"],
  ];
  for (const [name, body, sent, says] of cases) {
    await t.step(name, async () => {
      const error = await assertRejects(() => read(body, sent), GatewayError);
      assertEquals(error.code, "bad_request");
      assertStringIncludes(error.message, says);
    });
  }
});

Deno.test("a file called model says nothing about the model: the query may name it", async () => {
  const text = form('Content-Disposition: form-data; name="model"; filename="m.bin"\r\n\r\nm');
  const request = await read(text, { type: MULTIPART, query: "?model=a" });
  assertEquals([request.model, await textOf(request.withModel("b")), request.withModel("b").query], [
    "a",
    text,
    "?model=b",
  ]);
});

Deno.test("a name that would end its own part of a form is refused", async () => {
  const request = await read(form(field("model", "a")), { type: MULTIPART });
  for (const name of ["--XX", "--XX--", "a\r\n--XX"]) {
    await assertRejects(async () => await textOf(request.withModel(name)), GatewayError, "boundary");
  }
  assertEquals(await textOf(request.withModel("a--XX")), form(field("model", "a--XX")));
});

Deno.test("SW9: a request with another name or filters leaves the one it was made of as it was", async () => {
  const sent = '{"model":"a","x":1}';
  const first = await read(sent);
  const second = first.withModel("b").withFilters(
    { strip: ["x"], set: new Map(), setByName: new Map() },
    "b",
  );
  assertEquals([first.model, await textOf(first)], ["a", sent]);
  assertEquals([second.model, await textOf(second)], ["b", '{"model":"b"}']);
  assertEquals([first.model, await textOf(first)], ["a", sent]);
});
