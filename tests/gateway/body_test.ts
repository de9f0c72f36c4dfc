import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { readModelRequest, replaceModel } from "../../src/gateway/body.ts";
import { codeOf } from "./raw_backend.ts";

function read(body: BodyInit, { maxBytes = 1000 } = {}) {
  return readModelRequest(new Request("http://gateway/", { method: "POST", body }), { maxBytes });
}

async function replaced(text: string, to: string): Promise<string> {
  return new TextDecoder().decode(replaceModel(await read(text, { maxBytes: 1_000_000 }), to));
}

Deno.test("a body keeps its bytes and tells its model", async () => {
  const text = '{ "model" : "m\\u00e9" , "stream": true }';
  const { bytes, model } = await read(text);
  assertEquals(new TextDecoder().decode(bytes), text);
  assertEquals(model, "mé");
});

Deno.test("a numeric model is its decimal text", async () => {
  assertEquals((await read('{"model": 7}')).model, "7");
});

for (
  const [name, body] of [
    ["no JSON", "hello"],
    ["nothing", ""],
    ["a list", '[{"model":"m"}]'],
    ["null", "null"],
    ["a bare text", '"m"'],
    ["no model", "{}"],
    ["an empty model", '{"model":""}'],
    ["a model that is null", '{"model":null}'],
    ["a model that is an object", '{"model":{"a":1}}'],
    ["a model that is true", '{"model":true}'],
    ["a model that only its prototype names", '{"__proto__":{"model":"m"}}'],
    ["two values", '{"model":"m"}{}'],
    ["two models", '{"model":"a","x":1,"model":"b"}'],
    ["two models that agree", '{"model":"a","mod\\u0065l":"a"}'],
    ["invalid UTF-8", new Uint8Array([...new TextEncoder().encode('{"model":"'), 0xff, 0x22, 0x7d])],
  ] as const
) {
  Deno.test(`a body is refused as bad_request: ${name}`, async () => {
    assertEquals(await codeOf(read(body)), "bad_request");
  });
}

Deno.test("a body over the limit is refused by its announced length", async () => {
  const request = new Request("http://gateway/", {
    method: "POST",
    headers: { "content-length": "1001" },
    body: new ReadableStream({ pull: () => {} }),
  });
  assertEquals(await codeOf(readModelRequest(request, { maxBytes: 1000 })), "body_too_large");
});

Deno.test("a body over the limit is refused as soon as it is over, and its source let go", async () => {
  let pulls = 0;
  let isCancelled = false;
  const endless = new ReadableStream<Uint8Array>({
    pull: (controller) => {
      pulls++;
      controller.enqueue(new Uint8Array(100));
    },
    cancel: () => void (isCancelled = true),
  });
  assertEquals(await codeOf(read(endless)), "body_too_large");
  assert(isCancelled && pulls < 20);
});

Deno.test("a body of exactly the limit is read", async () => {
  const text = '{"model":"m"}';
  assertEquals((await read(text, { maxBytes: text.length })).model, "m");
});

Deno.test("a body that breaks off is client_closed", async () => {
  const broken = new ReadableStream({ pull: (controller) => controller.error(new Error("reset")) });
  assertEquals(await codeOf(read(broken)), "client_closed");
});

Deno.test("replacing the model touches no other byte", async () => {
  for (
    const [before, after] of [
      ['{"model":"a","x":{"model":"a"}}', '{"model":"long \\"name\\"","x":{"model":"a"}}'],
      ['{ "messages" : [ "model", {"model":"a"} ] ,\n"model"\t:\t"a" }', null],
      ['{"x":"\\"model\\":\\"a\\"","model":"\\u0061"}', '{"x":"\\"model\\":\\"a\\"","model":"long \\"name\\""}'],
      ['{"mod\\u0065l":"a","n":1.0e+1}', '{"mod\\u0065l":"long \\"name\\"","n":1.0e+1}'],
      ['{"é":"\u{1F600}","model":"a"}', '{"é":"\u{1F600}","model":"long \\"name\\""}'],
    ] as const
  ) {
    const expected = after ?? before.replace('\t"a"', '\t"long \\"name\\""');
    assertEquals(await replaced(before, 'long "name"'), expected);
  }
  assertEquals(await replaced('{"model":7}', "m"), '{"model":"m"}');
});

Deno.test("replacing the model changes that value and nothing else in any object", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.dictionary(fc.string(), fc.jsonValue()),
      fc.string({ minLength: 1 }),
      fc.string({ minLength: 1 }),
      fc.nat(3),
      async (rest, from, to, indent) => {
        const object = { ...rest, model: from };
        const text = JSON.stringify(object, null, indent);
        assertEquals(JSON.parse(await replaced(text, to)), JSON.parse(JSON.stringify({ ...object, model: to })));
        assertEquals(await replaced(await replaced(text, to), from), text);
      },
    ),
    { numRuns: 500 },
  );
});
