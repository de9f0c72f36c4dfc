import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
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

async function refusal(body: BodyInit | null, sent: Sent = {}): Promise<GatewayError> {
  return await assertRejects(() => read(body, sent), GatewayError);
}

Deno.test("SW1, SV70: another name replaces the value alone, in JSON, form, multipart and query", async (t) => {
  const upload = (model: string) =>
    form(
      'Content-Disposition: form-data; name="file"; filename="a b.wav"\r\nContent-Type: audio/wav\r\n\r\n\u0000\r\nXX--\u0001',
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
