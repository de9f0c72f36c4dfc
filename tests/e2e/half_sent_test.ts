/**
 * Many requests that never come whole, against the real gateway.
 *
 * @module
 */

import { assert, assertEquals, assertFalse, assertLess } from "@std/assert";
import { readEvents } from "./event_reader.ts";
import { chat, fakeEngine, startGateway } from "./gateway.ts";

/** How many connections are left half-sent. */
const HALVES = 2_000;

/**
 * What each of them may cost the gateway, in KiB of memory, on average: the runtime keeps 25 KiB for a connection, and 220
 * for one whose body comes in chunks.
 */
const MOST_KIB_EACH = 160;

/** What a process of this machine may have open; what the gateway may have, too. */
function mostDescriptors(): number {
  const { stdout } = new Deno.Command("sh", { args: ["-c", "ulimit -n"] }).outputSync();
  const text = new TextDecoder().decode(stdout).trim();
  return text === "unlimited" ? Infinity : Number(text);
}

const limit = mostDescriptors();
const isEnough = limit >= HALVES + 500 && Deno.build.os === "linux";

Deno.test({
  name: `${HALVES} half-sent requests load nothing, disturb nobody and leave nothing behind` +
    (isEnough ? "" : ` (skipped: ${limit} descriptors are too few, or no /proc)`),
  ignore: !isEnough,
  async fn() {
    const events = await Deno.makeTempFile();
    {
      await using gateway = await startGateway({
        config: `models:\n  a:\n    cmd: ${fakeEngine("--model a")}\n` +
          `  never:\n    cmd: ${fakeEngine(`--model never --events ${events}`)}\n`,
      });
      const ask = async () => assertEquals((await (await chat(gateway.url, "a")).json()).model, "a");
      await ask();
      const before = { descriptors: await descriptorsOf(gateway.pid), kib: residentKiB(gateway.pid) };

      const halves = await openHalves(gateway.url);
      await until(async () => await descriptorsOf(gateway.pid) >= before.descriptors + HALVES);
      for (let i = 0; i < 10; i++) await ask();
      const queue = await (await fetch(`${gateway.url}/api/queue`)).json();
      assertEquals([queue.active, queue.total], [[], 0], "who has not sent all does not wait");
      assertLess((residentKiB(gateway.pid) - before.kib) / HALVES, MOST_KIB_EACH);

      for (const half of halves) half.close();
      await until(async () => await descriptorsOf(gateway.pid) <= before.descriptors + 10);
      await ask();
      const { running } = await (await fetch(`${gateway.url}/running`)).json();
      assertEquals(running.map(({ model }: { model: string }) => model), ["a"]);
      assertFalse(gateway.log().includes("[ERROR]"), gateway.log());
    }
    assertEquals(await readEvents(events), [], "the model that the halves name was never started");
    await Deno.remove(events);
  },
});

/** Opens connections of which each has sent half of a head or half of a body. */
async function openHalves(url: string): Promise<readonly Deno.Conn[]> {
  const { hostname, port, host } = new URL(url);
  const line = `POST /v1/chat/completions HTTP/1.1\r\nHost: ${host}\r\n`;
  const json = `${line}Content-Type: application/json\r\n`;
  const shapes = [
    `${line}Content-Ty`,
    `${json}Content-Length: 1000\r\n\r\n{"model":"never","messages":[{`,
    `${json}Transfer-Encoding: chunked\r\n\r\n10\r\n{"model":"never"\r\n`,
    // Announced memory must not be taken before it is filled: 400 of these would be 80 GB.
    `${json}Content-Length: 200000000\r\n\r\n{"model":"never"`,
  ].map((text) => new TextEncoder().encode(text));
  const halves: Deno.Conn[] = [];
  for (let i = 0; i < HALVES; i++) {
    const half = await Deno.connect({ hostname, port: Number(port) });
    const shape = shapes[i % shapes.length];
    assert(shape !== undefined);
    await half.write(shape);
    halves.push(half);
  }
  return halves;
}

async function descriptorsOf(pid: number): Promise<number> {
  const { stdout } = await new Deno.Command("ls", { args: [`/proc/${pid}/fd`] }).output();
  return new TextDecoder().decode(stdout).split("\n").length - 1;
}

function residentKiB(pid: number): number {
  const { stdout } = new Deno.Command("ps", { args: ["-o", "rss=", "-p", String(pid)], stdout: "piped" }).outputSync();
  return Number(new TextDecoder().decode(stdout));
}

/** Waits for something outside of this process; asking starts a program, so this does not spin. */
async function until(holds: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 30_000;
  while (!await holds()) if (performance.now() > deadline) throw new Error("what was waited for did not happen");
}
