import { assertEquals, assertThrows } from "@std/assert";
import { LossyOutput, OutputError, showsColor, writeMessage, writeWhole } from "../../src/cli/output.ts";

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

/** A stream that takes some bytes at a time and then fails. */
function failing(error: Error, taken: number[] = []) {
  return {
    writeSync() {
      const count = taken.shift();
      if (count === undefined) throw error;
      return count;
    },
  };
}

Deno.test("a result that cannot be written is told in one sentence, a reader that is gone as such", () => {
  const full = new Error("No space left on device (os error 28)");
  const told = assertThrows(() => writeWhole(failing(full, [2]), bytes("result")), OutputError);
  assertEquals(told.message, "The result cannot be written: No space left on device (os error 28)");
  assertThrows(() => writeWhole(failing(new Deno.errors.BrokenPipe("x")), bytes("result")), Deno.errors.BrokenPipe);
  writeWhole(failing(full, [2, 4]), bytes("result"));
});

Deno.test("a message that cannot be written fails nothing", () => {
  writeMessage(failing(new Error("full")), bytes("message"));
});

Deno.test({
  name: "the real program on a full device says so in one line and exits with 1; on two it exits with 1",
  ignore: Deno.build.os !== "linux",
  async fn() {
    const root = new URL("../../", import.meta.url).pathname;
    const shell = async (redirect: string) => {
      const command = `exec "$0" run -P main.ts schema ${redirect}`;
      const options = { args: ["-c", command, Deno.execPath()], cwd: root, env: { NO_COLOR: "1" } };
      const { code, stderr } = await new Deno.Command("sh", options).output();
      return {
        code,
        lines: new TextDecoder().decode(stderr).split("\n").filter((line) => /berth|rror|at /.test(line)),
      };
    };
    const one = await shell("> /dev/full");
    assertEquals(one.code, 1);
    assertEquals(one.lines, ["berth: The result cannot be written: No space left on device (os error 28)"]);
    assertEquals((await shell("> /dev/full 2> /dev/full")).code, 1);
  },
});
