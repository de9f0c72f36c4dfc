import { assertEquals } from "@std/assert";
import { LossyOutput, showsColor } from "../../src/cli/output.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

/** A stream whose writes are let through one by one. */
function gatedStream() {
  let written = "";
  const gates: PromiseWithResolvers<void>[] = [];
  return {
    written: () => written,
    waiting: () => gates.length,
    open: () => gates.shift()?.resolve(),
    async write(chunk: Uint8Array) {
      const gate = Promise.withResolvers<void>();
      gates.push(gate);
      await gate.promise;
      written += new TextDecoder().decode(chunk);
      return chunk.length;
    },
  };
}

Deno.test("pieces are written in order, also by a stream that takes a byte at a time", async () => {
  let written = "";
  const output = new LossyOutput((chunk) => {
    written += new TextDecoder().decode(chunk.subarray(0, 1));
    return Promise.resolve(1);
  });
  output.write(bytes("set "));
  output.write(bytes("sail"));
  await output.flush();
  assertEquals(written, "set sail");
});

Deno.test("W23: a reader that is stuck costs lines, said when it reads again, and never time", async () => {
  const stream = gatedStream();
  const output = new LossyOutput(stream.write, 10);
  for (const text of ["12345", "67890", "lost", "lost too"]) output.write(bytes(text));
  await output.flush(0);
  assertEquals(stream.written(), "");
  const flushed = output.flush();
  for (let i = 0; i < 3; i++) {
    while (stream.waiting() === 0) await Promise.resolve();
    stream.open();
  }
  await flushed;
  assertEquals(stream.written(), "1234567890\n— 12 bytes dropped —\n");
  output.write(bytes("again"));
  stream.open();
  await output.flush();
  assertEquals(stream.written().slice(-5), "again");
});

Deno.test("W23: a write that fails loses its piece alone", async () => {
  let written = "";
  let full = true;
  const output = new LossyOutput((chunk) => {
    if (full) return Promise.reject(new Error("No space left on device"));
    written += new TextDecoder().decode(chunk);
    return Promise.resolve(chunk.length);
  });
  output.write(bytes("lost"));
  await output.flush();
  full = false;
  output.write(bytes("kept"));
  await output.flush();
  assertEquals(written, "kept");
});

Deno.test("colours are for terminals alone, and for none when NO_COLOR is set", () => {
  assertEquals(showsColor({ isTerminal: () => false }), false);
  assertEquals(showsColor({ isTerminal: () => true }), !Deno.noColor);
});
