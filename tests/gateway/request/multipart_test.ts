import { assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { GatewayError } from "../../../src/errors.ts";
import { MultipartScanner } from "../../../src/gateway/request/multipart_scanner.ts";
import { read } from "./reading.ts";

const encoder = new TextEncoder();
const HEAD = "Content-Disposition: form-data; ";

/** The error for a text that is read in pieces of `size` bytes. */
function fault(text: string, size: number): GatewayError {
  const bytes = encoder.encode(text);
  return assertThrows(() => {
    const scanner = new MultipartScanner("XX", ["model"], 1024);
    for (let at = 0; at < bytes.length; at += size) scanner.push(bytes.subarray(at, at + size));
    scanner.end();
  }, GatewayError);
}

Deno.test("a malformed form is refused, with what is wrong and where", async (t) => {
  const open = '--XX\r\nContent-Disposition: form-data; name="model"\r\n\r\n';
  const cases: readonly [string, string, string][] = [
    ["nothing", "", "its boundary never comes"],
    ["another boundary", "--XY\r\n\r\n\r\n--XY--", "its boundary never comes"],
    ["a boundary inside a line", "a--XX--", "its boundary never comes"],
    ["no closing boundary", `${open}m\r\n--XX\r\n`, "byte 63: it breaks off before its closing boundary"],
    ["half a closing boundary", `${open}m\r\n--XX-`, "it breaks off before its closing boundary"],
    ["something behind a boundary", `${open}m\r\n--XXX--\r\n`, "byte 61: behind a boundary CRLF or -- is expected"],
    ["something behind the last boundary", `${open}m\r\n--XX-- x`, "byte 64: behind a boundary CRLF or -- is expected"],
    ["LF before a boundary", `${open}m\n--XX--\r\n`, "the line before a boundary ends with LF alone"],
    ["LF behind a boundary", "--XX\nContent-Disposition: x\n\n", "behind a boundary CRLF or --"],
    ["LF in a header", '--XX\r\nContent-Disposition: form-data; name="a"\n\n', "header of part 1 ends with LF alone"],
    ["a long header", `--XX\r\nA: ${"x".repeat(9000)}`, "the header of part 1 is longer than 8192 bytes"],
    ["a header without a colon", "--XX\r\nabc\r\n\r\n", "part 1 cannot be told: a line of its header"],
    ["a folded header", `--XX\r\n${HEAD}\r\n name="model"\r\n\r\n`, "a line of its header is not"],
    ["a control character", `--XX\r\n${HEAD}name="a\0"\r\n\r\n`, "holds a control character"],
    ["a bare CR", `--XX\r\n${HEAD}\rname="a"\r\n\r\n`, "holds a control character"],
    ["two dispositions", `--XX\r\n${HEAD}name=a\r\n${HEAD}name=model\r\n\r\n`, "two headers Content-Disposition"],
    ["two names", `--XX\r\n${HEAD}name="a"; name="model"\r\n\r\n`, "it has two names"],
    ["an extended name", `--XX\r\n${HEAD}name*=utf-8''model\r\n\r\n`, "`name*`"],
    ["an escaped model", `--XX\r\n${HEAD}name="mo\\del"\r\n\r\n`, "written with escapes"],
    ["an open quote", `--XX\r\n${HEAD}name="model\r\n\r\n`, "Content-Disposition is malformed"],
    ["space around =", `--XX\r\n${HEAD}name= "model"\r\n\r\n`, "Content-Disposition is malformed"],
    ["text behind a quote", `--XX\r\n${HEAD}name="a"model\r\n\r\n`, "Content-Disposition is malformed"],
    [
      "an encoded model",
      `--XX\r\nContent-Transfer-Encoding: base64\r\n${HEAD}name="model"\r\n\r\n`,
      "the field model is not written plainly",
    ],
    ["a long model", `${open}${"x".repeat(1025)}\r\n--XX--`, "field model is longer than 1024 bytes"],
    ["an endless model", `${open}${"x".repeat(5000)}`, "field model is longer than 1024 bytes"],
  ];
  for (const [name, text, says] of cases) {
    await t.step(name, () => {
      for (const size of [1, 3, 1000, 1_000_000]) {
        const { code, message } = fault(text, size);
        assertEquals(code, "bad_request");
        assertStringIncludes(message, says);
      }
    });
  }
});

Deno.test("a Content-Type that does not tell the parts apart is refused", async (t) => {
  const cases: readonly [string, string][] = [
    ["multipart/form-data", "names no boundary"],
    ["multipart/form-data; charset=utf-8", "names no boundary"],
    ["multipart/form-data; boundary=", "a boundary that is none"],
    [`multipart/form-data; boundary=${"x".repeat(71)}`, "a boundary that is none"],
    ['multipart/form-data; boundary="a "', "a boundary that is none"],
    ["multipart/form-data; boundary=a; boundary=b", "more than one boundary"],
    ['multipart/form-data; boundary="a', "names no boundary"],
  ];
  for (const [type, says] of cases) {
    await t.step(type, async () => {
      const error = await assertRejects(() => read("--a--", { type }), GatewayError, says);
      assertEquals(error.code, "bad_request");
    });
  }
});

Deno.test("field names are read as RFC 7578 has them", async (t) => {
  const cases: readonly [string, string | null, boolean][] = [
    ['form-data; name="model"', "model", false],
    ["form-data; name=model", "model", false],
    ['Form-Data;name="model" ; x=1;', "model", false],
    ['form-data; filename="a;name=x.wav"; name="model"', "model", true],
    ['form-data; name="model"; filename=""', "model", true],
    [`form-data; name="model"; filename*=utf-8''a%20b`, "model", true],
    ['form-data; name="mo\\"del"', 'mo"del', false],
    ['form-data; name="Model"', "Model", false],
    ['form-data; filename="C:\\a\\b.wav"; name="x"', "x", true],
    ["form-data", null, false],
  ];
  for (const [disposition, name, isFile] of cases) {
    await t.step(disposition, () => {
      const scanner = new MultipartScanner("XX", name === null ? [] : [name], 1024);
      scanner.push(encoder.encode(`--XX\r\ncontent-disposition: ${disposition}\r\n\r\nm\r\n--XX--`));
      scanner.end();
      const found = [...scanner.found.values()].flat().map((value) => [value.isFile, value.end - value.start]);
      assertEquals(found, name === null ? [] : [[isFile, 1]]);
    });
  }
});

Deno.test("a part without a content, and one whose boundary has the header's own line end, are empty", () => {
  for (const gap of ["\r\n", ""]) {
    const scanner = new MultipartScanner("XX", ["model"], 1024);
    scanner.push(encoder.encode(`--XX\r\n${HEAD}name=model\r\n\r\n${gap}--XX--`));
    scanner.end();
    assertEquals(scanner.found.get("model")?.map(({ bytes }) => bytes.length), [0]);
  }
});
