import { assertEquals } from "@std/assert";
import { chat, fakeEngine, startGateway } from "./gateway.ts";
import { readEvents, waitForEvent } from "./event_reader.ts";

/** A repeatable sequence of numbers in [0, 1): mulberry32. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

async function post(url: string, model: string, tag: string, signal?: AbortSignal): Promise<number> {
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json", "x-tag": tag },
    body: JSON.stringify({ model, messages: [{ role: "user", content: tag }] }),
    ...(signal === undefined ? {} : { signal }),
  });
  await response.text();
  return response.status;
}

Deno.test("S2: A B C A is served as A B C A, each in a process of its own that never overlaps another (G1)", async () => {
  const events = await Deno.makeTempFile();
  const accelerator = await Deno.makeTempFile();
  const model = (id: string) =>
    `  ${id}:\n    cmd: ${
      fakeEngine(`--model ${id} --load-ms 1000 --events ${events} --accelerator ${accelerator}`)
    }\n`;
  await using gateway = await startGateway({ config: `models:\n${model("a")}${model("b")}${model("c")}` });
  const waits: Promise<number>[] = [];
  for (const [index, id] of ["a", "b", "c", "a"].entries()) {
    waits.push(post(gateway.url, id, `${index}`));
    await until(gateway.url, index + 1);
  }
  assertEquals(await Promise.all(waits), [200, 200, 200, 200]);
  const seen = await readEvents(events);
  assertEquals(seen.filter((e) => e.event === "request").map((e) => e.tag), ["0", "1", "2", "3"]);
  assertEquals(seen.filter((e) => e.event === "start").map((e) => e.model), ["a", "b", "c", "a"]);
  assertEquals(seen.filter((e) => e.event === "overlap"), []);
  await Promise.all([Deno.remove(events), Deno.remove(accelerator)]);
});

Deno.test("G1: under leavers, crashes and refusals to stop the processes never overlap and survivors keep their order", async () => {
  const events = await Deno.makeTempFile();
  const accelerator = await Deno.makeTempFile();
  const flags = (id: string, more: string) =>
    fakeEngine(`--model ${id} --events ${events} --accelerator ${accelerator} ${more}`);
  await using gateway = await startGateway({
    config: [
      "unloadTimeout: 1",
      "models:",
      `  plain:\n    cmd: ${flags("plain", "--load-ms 60")}`,
      `  stubborn:\n    cmd: ${flags("stubborn", "--ignore-sigterm --spawn-grandchild")}\n    unloadTimeout: 1`,
      `  crashing:\n    cmd: ${flags("crashing", "--crash-mid-stream")}`,
      `  slow:\n    cmd: ${flags("slow", "--load-ms 2500")}`,
      `  refusing:\n    cmd: ${flags("refusing", "--crash-on-start 3")}`,
    ].join("\n"),
  });
  const random = randomFrom(20_261);
  const models = ["plain", "stubborn", "crashing", "refusing", "plain"];
  const leavers: AbortController[] = [];
  const waits: Promise<number | null>[] = [];
  // While the first one loads, all others arrive, one after the other: their order is known.
  waits.push(post(gateway.url, "slow", "0"));
  await until(gateway.url, 1);
  for (let index = 1; index <= 14; index++) {
    const leaver = new AbortController();
    const id = models[Math.floor(random() * models.length)] ?? "plain";
    waits.push(post(gateway.url, id, `${index}`, leaver.signal).catch(() => null));
    await until(gateway.url, index + 1);
    if (random() < 0.25) leavers.push(leaver);
  }
  for (const leaver of leavers) leaver.abort();
  await Promise.all(waits);
  await post(gateway.url, "plain", "last");
  await waitForEvent(events, (e) => e.event === "request" && e.tag === "last");
  const seen = await readEvents(events);
  assertEquals(seen.filter((e) => e.event === "overlap"), []);
  const served = seen.filter((e) => e.event === "request" && e.tag !== "last").map((e) => Number(e.tag));
  assertEquals(served, served.toSorted((a, b) => a - b));
  assertEquals(new Set(served).size, served.length);
  assertEquals(seen.filter((e) => (e.active ?? 1) > 1), []);
  const queue = await (await fetch(`${gateway.url}/api/queue`)).json();
  assertEquals([queue.active, queue.total], [[], 0]);
  const refused = await chat(gateway.url, "refusing");
  assertEquals(refused.status, 502);
  await refused.body?.cancel();
  await Promise.all([Deno.remove(events), Deno.remove(accelerator)]);
});

/** Resolves when `count` requests are waiting or active. */
async function until(url: string, count: number): Promise<void> {
  for (let tries = 0; tries < 5000; tries++) {
    const { active, total } = await (await fetch(`${url}/api/queue`)).json();
    if (active.length + total === count) return;
  }
  throw new Error(`there were never ${count} requests at once`);
}
