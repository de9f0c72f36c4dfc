import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { GatewayError } from "../../../src/errors.ts";
import { concat } from "../../../src/gateway/bytes.ts";
import { readNamedRequest } from "../../../src/gateway/request/named_request.ts";
import { bytesOf, inPieces, read, readOptions, requestOf, textOf } from "./reading.ts";

const encoder = new TextEncoder();
const FORM = "application/x-www-form-urlencoded";
const NAME = fc.string({ minLength: 1, maxLength: 40 }).filter((name) => !/[\r\n]/.test(name));
const CUTS = fc.array(fc.nat(), { maxLength: 8 });

Deno.test("in any JSON object another name changes that value and nothing else", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.dictionary(fc.string(), fc.jsonValue()),
      NAME,
      NAME,
      CUTS,
      async (rest, from, to, cuts) => {
        const object = { ...rest, model: from };
        const text = JSON.stringify(object, null, cuts.length);
        const request = await read(inPieces(encoder.encode(text), cuts));
        assertEquals([request.model, await textOf(request)], [from, text]);
        const after = await textOf(request.withModel(to));
        assertEquals(JSON.parse(after), JSON.parse(JSON.stringify({ ...object, model: to })));
        assertEquals(await textOf((await read(after)).withModel(from)), text);
      },
    ),
    { numRuns: 200 },
  );
});

Deno.test("in any form or query another name changes that value and nothing else", async () => {
  const parameter = fc.tuple(fc.string().filter((key) => key !== "model"), fc.string());
  await fc.assert(
    fc.asyncProperty(fc.array(parameter), fc.array(parameter), NAME, NAME, CUTS, async (head, tail, from, to, cuts) => {
      const text = new URLSearchParams([...head, ["model", from], ...tail].map(([a, b]) => [a ?? "", b ?? ""]))
        .toString();
      const expected = [...head, ["model", to.toWellFormed()], ...tail].map((
        [a, b],
      ) => [a?.toWellFormed(), b?.toWellFormed()]);
      const request = await read(inPieces(encoder.encode(text), cuts), { type: FORM });
      assertEquals([request.model, await textOf(request)], [from.toWellFormed(), text]);
      assertEquals([...new URLSearchParams(await textOf(request.withModel(to)))], expected);
      const asked = await read(null, { method: "GET", modelIn: "query", query: `?${text}` });
      assertEquals([...new URLSearchParams(asked.withModel(to).query)], expected);
    }),
    { numRuns: 200 },
  );
});

/** A part as its header and content; text is told apart from a file by its type. */
const PART = fc.record({
  name: fc.constantFrom("file", "prompt", "models", "stream", "a b", 'x"y', "é"),
  isFile: fc.boolean(),
  content: fc.uint8Array({ maxLength: 200 }),
  more: fc.constantFrom("", "Content-Type: text/plain\r\n", "X-A: b; name=model\r\n"),
});
/** Nasty on purpose: it is found in contents as far as a boundary may be. */
const BOUNDARY = fc.constantFrom("X", "--X", "-", "----WebKitFormBoundaryAbC", "a'b(c)+_,-./:=?");

interface Part {
  readonly name: string;
  readonly isFile: boolean;
  readonly content: Uint8Array;
  readonly more: string;
}

function formOf(parts: readonly Part[], boundary: string): Uint8Array<ArrayBuffer> {
  const pieces = parts.flatMap(({ name, isFile, content, more }) => [
    encoder.encode(
      `--${boundary}\r\n${more}Content-Disposition: form-data; name="${name.replaceAll('"', "%22")}"` +
        `${isFile ? '; filename="f"' : ""}\r\n\r\n`,
    ),
    content,
    encoder.encode("\r\n"),
  ]);
  return concat([...pieces, encoder.encode(`--${boundary}--\r\n`)]);
}

Deno.test("in any multipart form, in whatever pieces it comes, another name changes those bytes and nothing else", async () => {
  const near = fc.tuple(BOUNDARY, fc.constantFrom("\r\n", "\r\n-", "\r", "--", "\r\r\n"), fc.string());
  await fc.assert(
    fc.asyncProperty(
      fc.array(PART, { maxLength: 4 }),
      fc.array(PART, { maxLength: 4 }),
      near,
      fc.record({ from: NAME, to: NAME, cuts: CUTS }),
      async (head, tail, [boundary, before, text], { from, to, cuts }) => {
        const isTaken = (content: string | Uint8Array) =>
          new TextDecoder("latin1").decode(
            typeof content === "string" ? encoder.encode(content) : content,
          ).includes(`--${boundary}`);
        const tricky = { name: "tricky", isFile: true, content: encoder.encode(text + before), more: "" };
        const others = [...head, ...tail, tricky].filter(({ name, content }) => name !== "stream" && isTaken(content));
        fc.pre(others.length === 0 && !isTaken(from) && !isTaken(to));
        const parts = (model: string) =>
          [
            ...head,
            tricky,
            { name: "model", isFile: false, content: encoder.encode(model), more: "" },
            ...tail,
          ].filter(({ name, isFile, content }) => name !== "stream" || isFile || !isTaken(content));
        const type = `multipart/form-data; boundary="${boundary}"`;
        const bytes = formOf(parts(from), boundary);
        for (const body of [bytes, inPieces(bytes, cuts), inPieces(bytes, [...bytes.keys()])]) {
          const request = await read(body, { type });
          assertEquals(request.model, from.toWellFormed());
          assertEquals(await bytesOf(request), bytes);
          const renamed = request.withModel(to);
          assertEquals(await bytesOf(renamed), formOf(parts(to), boundary));
          assertEquals(renamed.length, (await bytesOf(renamed)).length);
        }
      },
    ),
    { numRuns: 100 },
  );
});

Deno.test("garbage of any type, in any pieces, is refused as the client's fault or has a name", async () => {
  const types = fc.constantFrom("application/json", "multipart/form-data; boundary=X", FORM, "text/plain", "", 'a;b="');
  const scraps = fc.array(
    fc.oneof(
      fc.constantFrom(
        ...[
          "--X",
          "\r\n",
          "\n",
          "--",
          "--X--\r\n",
          'Content-Disposition: form-data; name="model"',
          "\r\n\r\n",
          "model",
          "=",
          "&",
        ],
        ...[
          "{",
          "}",
          '"model"',
          ":",
          '"m"',
          ",",
          "[",
          "]",
          "\\",
          '"',
          "%",
          "+",
          "\ufeff",
          "?",
          "true",
          "null",
          "7",
          " ",
        ],
      ).map((text) => encoder.encode(text)),
      fc.uint8Array({ maxLength: 4 }),
    ),
    { maxLength: 30 },
  ).map((pieces) => concat(pieces));
  const query = fc.constantFrom("", "?", "?model=m", "?model", "?%=&model=a&&=", "?model=a&model=b");
  let named = 0;
  await fc.assert(
    fc.asyncProperty(types, scraps, query, CUTS, async (type, bytes, query, cuts) => {
      const options = readOptions();
      const outcomes = await Promise.all([[], cuts].map(async (at) => {
        try {
          const request = await readNamedRequest(requestOf(inPieces(bytes, at), { type, query }), options);
          assert(request.model !== "");
          assertEquals(await bytesOf(request), bytes);
          named++;
          request.drop();
          return request.model;
        } catch (error) {
          if (!(error instanceof GatewayError)) throw error;
          assertEquals(error.code, "bad_request");
          return error.message;
        }
      }));
      assertEquals(outcomes[0], outcomes[1]);
      assertEquals(options.memory.heldBytes, 0);
    }),
    { numRuns: 1000 },
  );
  assert(named > 20, `${named} were named`);
});

Deno.test("a form that is damaged is refused, or has the model that the runtime's own reader finds", async () => {
  const type = "multipart/form-data; boundary=XyZ";
  const text =
    '--XyZ\r\nContent-Disposition: form-data; name="file"; filename="a"\r\nContent-Type: a/b\r\n\r\n\0\r\n--Xy\r\n' +
    '--XyZ\r\nContent-Disposition: form-data; name="model"\r\n\r\nm1\r\n--XyZ--\r\n';
  let accepted = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.tuple(fc.nat(), fc.nat(3), fc.constantFrom("", "", "-", "\r\n", "\n", '"', ";", "--XyZ", "model", " ")),
        {
          minLength: 1,
          maxLength: 2,
        },
      ),
      async (damages) => {
        let damaged = text;
        for (const [where, length, put] of damages) {
          const at = where % damaged.length;
          damaged = damaged.slice(0, at) + put + damaged.slice(at + length);
        }
        const model = await read(damaged, { type }).then(({ model }) => model, () => null);
        if (model === null) return;
        const form = await new Response(damaged, { headers: { "content-type": type } }).formData().catch(() => null);
        if (form === null) return;
        accepted++;
        assertEquals(form.getAll("model"), [model], JSON.stringify(damaged));
      },
    ),
    { numRuns: 1000 },
  );
  assert(accepted > 50, `${accepted} were accepted by both`);
});
