import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { EngineEvent } from "../fakes/engine_events.ts";
import { readEvents, waitForEvent } from "./event_reader.ts";
import { fakeEngine, type RunningGateway, startGateway } from "./gateway.ts";
import { orderOfService, overlaps } from "./observer/intervals.ts";

/** A folder with the engines' event file and the file that stands for the accelerator. */
class Scene implements AsyncDisposable {
  readonly events: string;
  readonly #folder: string;
  readonly #fits: boolean;

  private constructor(folder: string, fits: boolean) {
    this.#folder = folder;
    this.#fits = fits;
    this.events = `${folder}/events`;
    Deno.writeTextFileSync(this.events, "");
  }

  /** With `fits` the engines do not look whether another one is on the accelerator. */
  static async make({ fits = false } = {}): Promise<Scene> {
    return new Scene(await Deno.makeTempDir({ prefix: "berth-reload-e2e-" }), fits);
  }

  /** Models by id, each with the flags of its engine. */
  config(models: Readonly<Record<string, string>>): string {
    const files = `--events ${this.events} --accelerator ${this.#folder}/accelerator --heartbeat-ms 20`;
    const lines = Object.entries(models).map(([id, flags]) =>
      `  ${id}:\n    cmd: ${fakeEngine(`${files} ${flags}`)}\n`
    );
    return `unloadTimeout: 10\nmodels:\n${lines.join("")}`;
  }

  seen(): Promise<readonly EngineEvent[]> {
    return readEvents(this.events);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.#folder, { recursive: true });
  }
}

interface Answer {
  readonly status: number;
  readonly text: string;
}

/** Asks for a completion with this mark; a stream is read to its end. */
async function ask(url: string, model: string, tag: string, stream = false): Promise<Answer> {
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json", "x-tag": tag },
    body: JSON.stringify({ model, stream, messages: [{ role: "user", content: tag }] }),
  });
  return { status: response.status, text: await response.text() };
}

/** Asks one after the other, each when the one before is in line, so that their order is known. */
async function askInOrder(url: string, asks: readonly (readonly [model: string, tag: string])[]) {
  const answers = new Map<string, Promise<Answer>>();
  for (const [model, tag] of asks) {
    const { active, total } = await queueOf(url);
    answers.set(tag, ask(url, model, tag));
    await untilInLine(url, active.length + total + 1);
  }
  return answers;
}

async function queueOf(url: string): Promise<{ readonly active: readonly unknown[]; readonly total: number }> {
  return await (await fetch(`${url}/api/queue`)).json();
}

async function untilInLine(url: string, count: number): Promise<void> {
  for (let tries = 0; tries < 5000; tries++) {
    const { active, total } = await queueOf(url);
    if (active.length + total === count) return;
  }
  throw new Error(`there were never ${count} requests at once`);
}

async function reload(url: string): Promise<Record<string, unknown> & { readonly httpStatus: number }> {
  const response = await fetch(`${url}/api/config/reload`, { method: "POST" });
  return { httpStatus: response.status, ...await response.json() };
}

async function configOf(url: string) {
  return await (await fetch(`${url}/api/config`)).json();
}

async function untilGeneration({ url, log }: RunningGateway, generation: number): Promise<void> {
  for (let tries = 0; tries < 20_000; tries++) {
    if ((await configOf(url)).generation >= generation) return;
    await new Deno.Command("true").output();
  }
  throw new Error(`generation ${generation} never came:\n${log()}`);
}

function running(url: string): Promise<{ readonly running: readonly Record<string, unknown>[] }> {
  return fetch(`${url}/running`).then((response) => response.json());
}

const TOKENS = 25;
/** What a stream of {@link TOKENS} tokens holds when nothing of it was lost. */
function assertWhole({ status, text }: Answer, model: string): void {
  assertEquals(status, 200);
  const tokens = [...text.matchAll(/"content":"(t\d+) "/g)].map(([, token]) => token);
  assertEquals(tokens, Array.from({ length: TOKENS }, (_, i) => `t${i}`));
  assert(text.endsWith("data: [DONE]\n\n"), text.slice(-100));
  assertStringIncludes(text, `"model":"${model}"`);
}

Deno.test("a reload changes, removes and adds models around a running one: its stream goes on, the line keeps its order", async () => {
  await using scene = await Scene.make();
  const keep = `--model keep --tokens ${TOKENS} --token-ms 40`;
  await using gateway = await startGateway({
    config: scene.config({ keep, edited: "--model before", removed: "--model removed" }),
  });
  const { url } = gateway;
  const stream = ask(url, "keep", "stream", true);
  await waitForEvent(scene.events, ({ event, tag }) => event === "request" && tag === "stream");
  const answers = await askInOrder(url, [["edited", "1"], ["removed", "2"], ["keep", "3"], ["edited", "4"]]);
  const before = (await running(url)).running;

  await gateway.rewrite(scene.config({ added: "--model added", keep, edited: "--model after" }));
  const { warnings: _, ...answer } = await reload(url);
  assertEquals(answer, {
    httpStatus: 200,
    status: "reloaded",
    problems: [],
    added: ["added"],
    changed: ["edited"],
    removed: ["removed"],
    settings: [],
    draining: [],
  });
  assertEquals((await running(url)).running, before, "the running one has its port still");
  assertEquals((await ask(url, "removed", "late")).status, 404, "new requests go by the new config at once");
  const more = await askInOrder(url, [["added", "5"]]);
  assertWhole(await stream, "keep");

  assertEquals((await answers.get("2"))?.status, 404);
  for (const [tag, model] of [["1", "after"], ["3", "keep"], ["4", "after"]] as const) {
    const { status, text = "" } = await answers.get(tag) ?? {};
    assertEquals([status, JSON.parse(text).model], [200, model]);
  }
  assertEquals((await more.get("5"))?.status, 200);

  const seen = await scene.seen();
  assertEquals(orderOfService(seen), ["stream", "1", "3", "4", "5"]);
  assertEquals(overlaps(seen), []);
  const pid = seen.find(({ tag }) => tag === "stream")?.pid;
  const ofStream = seen.filter((event) => event.pid === pid).map(({ event }) => event);
  assert(ofStream.indexOf("request-end") < ofStream.indexOf("term"), "it was asked to stop only after its stream");
  assertEquals(seen.filter(({ event }) => event === "start").map(({ model }) => model), [
    "keep",
    "after",
    "keep",
    "after",
    "added",
  ]);
});

Deno.test("a changed model serves what it serves, is stopped, and only then starts anew (G1); its callers wait meanwhile", async () => {
  await using scene = await Scene.make();
  const edited = `--tokens ${TOKENS} --token-ms 40 --stop-ms 100`;
  const other = { other: "--model other" };
  await using gateway = await startGateway({ config: scene.config({ edited: `--model before ${edited}`, ...other }) });
  const { url } = gateway;
  const stream = ask(url, "edited", "stream", true);
  await waitForEvent(scene.events, ({ event, tag }) => event === "request" && tag === "stream");
  const answers = await askInOrder(url, [["edited", "1"], ["other", "2"]]);
  await gateway.rewrite(scene.config({ edited: `--model after ${edited}`, ...other }));
  assertEquals((await reload(url)).draining, ["edited"]);
  const more = await askInOrder(url, [["edited", "3"]]);
  assertWhole(await stream, "before");
  const models: string[] = [];
  for (const answer of [...answers.values(), ...more.values()]) models.push(JSON.parse((await answer).text).model);
  assertEquals(models, ["after", "other", "after"]);
  const seen = await scene.seen();
  assertEquals(orderOfService(seen), ["stream", "1", "2", "3"]);
  assertEquals(overlaps(seen), []);
  const first = seen.filter(({ model }) => model === "before").map(({ event }) => event).filter((e) => e !== "alive");
  assertEquals(first, ["start", "ready", "request", "request-end", "term", "exit"]);
});

Deno.test("a model that changes while it loads is loaded anew for the same caller", async () => {
  await using scene = await Scene.make();
  await using gateway = await startGateway({ config: scene.config({ slow: "--model before --load-ms 60000" }) });
  const answer = ask(gateway.url, "slow", "1");
  await waitForEvent(scene.events, ({ event }) => event === "start");
  await gateway.rewrite(scene.config({ slow: "--model after" }));
  assertEquals((await reload(gateway.url)).draining, ["slow"]);
  const { status, text } = await answer;
  assertEquals([status, JSON.parse(text).model], [200, "after"], text);
  assertEquals(overlaps(await scene.seen()), []);
});

Deno.test("a model that is removed while it serves goes on to the end of that, and its process goes with it", async () => {
  await using scene = await Scene.make();
  const both = { a: `--model a --tokens ${TOKENS} --token-ms 20`, b: "--model b" };
  await using gateway = await startGateway({ config: scene.config(both) });
  const stream = ask(gateway.url, "a", "stream", true);
  await waitForEvent(scene.events, ({ event, tag }) => event === "request" && tag === "stream");
  const waiting = await askInOrder(gateway.url, [["a", "1"]]);
  await gateway.rewrite(scene.config({ b: both.b }));
  assertEquals((await reload(gateway.url)).draining, ["a"]);
  assertWhole(await stream, "a");
  assertEquals((await waiting.get("1"))?.status, 404);
  await waitForEvent(scene.events, ({ event, model }) => event === "exit" && model === "a");
  assertEquals((await ask(gateway.url, "b", "2")).status, 200);
  assertEquals((await running(gateway.url)).running.map(({ model }) => model), ["b"]);
});

Deno.test("a broken config changes nothing: the same process serves on, and GET /api/config says what is wrong", async () => {
  await using scene = await Scene.make();
  await using gateway = await startGateway({ config: scene.config({ a: "--model a" }) });
  const { url } = gateway;
  await ask(url, "a", "1");
  await gateway.rewrite(scene.config({ a: "--model changed" }) + "  b: { cmd: [1] }\n");
  const answer = await reload(url);
  assertEquals([answer.httpStatus, answer.status], [422, "rejected"]);
  const { rejected, generation, models, files } = await configOf(url);
  assertEquals([rejected.problems, generation, models], [answer.problems, 1, ["a"]]);
  assertEquals(files, [gateway.configFile]);
  await gateway.logged(rejected.problems[0]);
  await ask(url, "a", "2");
  const pids = (await scene.seen()).filter(({ event }) => event === "request").map(({ pid }) => pid);
  assertEquals(new Set(pids).size, 1);
});

Deno.test("SIGHUP reloads, twice in a row too; during the shutdown it is ignored", async () => {
  await using scene = await Scene.make();
  const flags = `--model a --tokens ${TOKENS} --token-ms 20`;
  await using gateway = await startGateway({ config: scene.config({ a: flags }) });
  await gateway.rewrite(scene.config({ a: flags, b: "--model b" }));
  gateway.signal("SIGHUP");
  gateway.signal("SIGHUP");
  await untilGeneration(gateway, 2);
  assertEquals((await ask(gateway.url, "b", "1")).status, 200);
  assertEquals((await configOf(gateway.url)).generation, 2);
  const stream = ask(gateway.url, "a", "stream", true);
  await waitForEvent(scene.events, ({ event, tag }) => event === "request" && tag === "stream");
  await gateway.rewrite(scene.config({ b: "--model b" }));
  gateway.signal("SIGTERM");
  await gateway.logged("SIGTERM: ");
  gateway.signal("SIGHUP");
  await gateway.logged("SIGHUP is ignored");
  assertWhole(await stream, "a");
  assertEquals(await gateway.exited, 0);
});

Deno.test("SIGTERM while a changed model drains ends everything", async () => {
  await using scene = await Scene.make();
  const flags = `--tokens ${TOKENS} --token-ms 20`;
  await using gateway = await startGateway({ config: scene.config({ a: `--model before ${flags}` }) });
  const stream = ask(gateway.url, "a", "stream", true);
  await waitForEvent(scene.events, ({ event, tag }) => event === "request" && tag === "stream");
  const waiting = await askInOrder(gateway.url, [["a", "1"]]);
  await gateway.rewrite(scene.config({ a: `--model after ${flags}` }));
  await reload(gateway.url);
  gateway.signal("SIGTERM");
  assertEquals((await waiting.get("1"))?.status, 503);
  assertWhole(await stream, "before");
  assertEquals(await gateway.exited, 0);
  assertEquals((await scene.seen()).filter(({ event }) => event === "start").length, 1);
});

Deno.test("-watch-config sees a file that is written beside and renamed over the config", async () => {
  await using scene = await Scene.make();
  await using gateway = await startGateway({ config: scene.config({ a: "--model a" }), args: ["-watch-config"] });
  await gateway.rewrite(scene.config({ a: "--model a", b: "--model b" }));
  await untilGeneration(gateway, 2);
  assertEquals((await configOf(gateway.url)).models, ["a", "b"]);
  await gateway.logged("The config changed");
});

Deno.test("keys, limits and names take effect without touching a process", async () => {
  await using scene = await Scene.make();
  const config = scene.config({ a: "--model a" });
  await using gateway = await startGateway({ config });
  const { url } = gateway;
  await ask(url, "a", "1");
  await gateway.rewrite(`apiKeys: [secret]\n${config}    aliases: [alias]\n    ttl: 600\n`);
  const answer = await reload(url);
  assertEquals([answer.changed, answer.settings, answer.draining], [["a"], ["apiKeys"], []]);
  const refused = await fetch(`${url}/v1/models`);
  assertEquals(refused.status, 401);
  await refused.body?.cancel();
  const headers = { authorization: "Bearer secret", "content-type": "application/json", "x-tag": "2" };
  const served = await fetch(`${url}/v1/chat/completions`, { method: "POST", headers, body: '{"model":"alias"}' });
  await served.body?.cancel();
  assertEquals(served.status, 200);
  const seen = await scene.seen();
  assertEquals(new Set(seen.map(({ pid }) => pid)).size, 1);
  assertEquals(orderOfService(seen), ["1", "2"]);
});

Deno.test("under fifo a changed model among several running ones is replaced, and the others serve on meanwhile", async () => {
  await using scene = await Scene.make({ fits: true });
  const flags = (id: string, name = id) => `--model ${name} --tokens ${TOKENS} --token-ms ${id === "a" ? 60 : 20}`;
  const config = (models: Readonly<Record<string, string>>) =>
    "routing:\n  scheduler: { use: fifo }\n  router:\n    settings:\n      groups:\n" +
    `        together: { swap: false, members: [${Object.keys(models)}] }\n${scene.config(models)}`;
  const before = { a: flags("a"), b: flags("b", "before"), c: flags("c") };
  await using gateway = await startGateway({ config: config({ ...before, d: flags("d") }) });
  const { url } = gateway;
  await ask(url, "c", "warm");
  const streams = [ask(url, "a", "sa", true), ask(url, "b", "sb", true)];
  for (const tag of ["sa", "sb"]) await waitForEvent(scene.events, (e) => e.event === "request" && e.tag === tag);
  await gateway.rewrite(config({ ...before, b: flags("b", "after") }));
  const { draining, removed } = await reload(url);
  assertEquals([draining, removed], [["b"], ["d"]]);
  const [onOther, onChanged] = await Promise.all([ask(url, "c", "c1"), ask(url, "b", "b1")]);
  assertEquals([JSON.parse(onOther.text).model, JSON.parse(onChanged.text).model], ["c", "after"]);
  assertWhole(await streams[0] ?? onOther, "a");
  assertWhole(await streams[1] ?? onOther, "before");
  const seen = await scene.seen();
  const starts = seen.filter(({ event }) => event === "start").map(({ model }) => model).toSorted();
  assertEquals(starts, ["a", "after", "before", "c"], "nobody else was started anew");
  const pids = new Set(seen.filter(({ model }) => model === "c").map(({ pid }) => pid));
  assertEquals(pids.size, 1);
  const order = seen.filter(({ event, model }) =>
    (model === "before" && event === "exit") || (model === "after" && event === "start")
  );
  assertEquals(order.map(({ event }) => event), ["exit", "start"]);
});

Deno.test(
  "models are preloaded at the start and after a reload that ended what ran, but never in the place of another",
  async () => {
    await using scene = await Scene.make();
    const preload = "hooks: { on_startup: { preload: [a, b] } }\n";
    const models = { a: "--model a", b: "--model b", c: "--model c" };
    await using gateway = await startGateway({ config: preload + scene.config(models) });
    await waitForEvent(scene.events, ({ event, model }) => event === "ready" && model === "b");
    await untilRunning(gateway.url, "b");
    assertEquals((await ask(gateway.url, "c", "1")).status, 200);
    await gateway.rewrite(preload + scene.config({ ...models, d: "--model d" }));
    assertEquals((await reload(gateway.url)).added, ["d"]);
    await gateway.logged("Not preloading a: it would displace what is in use");
    assertEquals((await running(gateway.url)).running.map(({ model }) => model), ["c"]);
    await gateway.rewrite(preload + scene.config({ ...models, c: "--model c2" }));
    assertEquals((await reload(gateway.url)).draining, ["c"]);
    await untilRunning(gateway.url, "b");
    const seen = await scene.seen();
    assertEquals(seen.filter(({ event }) => event === "start").map(({ model }) => model), ["a", "b", "c", "a", "b"]);
    assertEquals(overlaps(seen), []);
  },
);

async function untilRunning(url: string, wanted: string): Promise<void> {
  for (let tries = 0; tries < 20_000; tries++) {
    const now = (await running(url)).running;
    if (now.length === 1 && now[0]?.["model"] === wanted && now[0]["state"] === "ready") return;
  }
  throw new Error(`${wanted} never ran alone`);
}
