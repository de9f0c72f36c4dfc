import { assert, assertEquals } from "@std/assert";
import { createHash } from "node:crypto";
import { concat } from "../../../src/gateway/bytes.ts";
import { random } from "../../random.ts";

const MIB = 1024 * 1024;
const encoder = new TextEncoder();
const FORM = "multipart/form-data; boundary=XX";

/** A form with a file that comes before the model. */
function upload(size: number, model: string): Uint8Array<ArrayBuffer> {
  const head = '--XX\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\n';
  const tail = `\r\n--XX\r\nContent-Disposition: form-data; name="model"\r\n\r\n${model}\r\n--XX--\r\n`;
  return concat([encoder.encode(head), random(3).bytes(size), encoder.encode(tail)]);
}

/** JSON with a picture that comes before the model. */
function picture(size: number, model: string): Uint8Array<ArrayBuffer> {
  return encoder.encode(`{"image":"${"iVBORw0KGgoA".repeat(size / 12)}","model":"${model}"}`);
}

/** Length, framing and digest of what a backend gets. */
function digest(bytes: Uint8Array, announced: string | null): string {
  return `${bytes.length} ${announced} ${createHash("sha256").update(bytes).digest("hex")}`;
}

Deno.test("20 MiB before the model are held once, in a form and in JSON, and arrive as they were sent", async () => {
  const backend = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    return new Response(digest(await request.bytes(), request.headers.get("content-length")));
  });
  await using gateway = new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--frozen", "--allow-net=127.0.0.1", new URL("upload_gateway.ts", import.meta.url).pathname],
      `http://127.0.0.1:${backend.addr.port}`,
    ],
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const output = gateway.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const port = Number((await output.read()).value);
  const send = async (body: BodyInit, type: string) => {
    const response = await fetch(`http://127.0.0.1:${port}/`, {
      method: "POST",
      body,
      headers: { "content-type": type },
    });
    return await response.json();
  };
  await send(upload(MIB, "m"), FORM); // the code itself takes room, too
  await send(picture(MIB, "m"), "application/json");
  const form = upload(20 * MIB, "m");
  const json = picture(20 * MIB, "m");
  const renamedForm = upload(20 * MIB, "another");
  const renamedJson = picture(20 * MIB, "another");
  const cases: readonly [BodyInit, string, number, Uint8Array][] = [
    [form, FORM, form.length, renamedForm],
    [new Blob([form]).stream(), FORM, form.length, renamedForm],
    [json, "application/json", json.length, renamedJson],
    [new Blob([json]).stream(), "application/json", json.length, renamedJson],
  ];
  for (const [body, type, length, expected] of cases) {
    const told = await send(body, type);
    assertEquals([told.model, told.length, told.left], ["another", expected.length, 0]);
    assertEquals(told.backend, digest(expected, String(expected.length)));
    assert(told.held >= length && told.held < 1.05 * length, `${told.held} bytes were held`);
    assert(told.growth < 1.5 * length, `the process grew by ${told.growth} bytes`);
  }
  gateway.kill();
  await output.cancel();
  await backend.shutdown();
});
