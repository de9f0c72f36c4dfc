import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import fc from "fast-check";
import type { Phase } from "../../src/routing/destination.ts";
import type { Resolution } from "../../src/routing/names.ts";
import { load, models } from "../config/loading.ts";
import { FIFO, Naming } from "./naming.ts";

const TOGETHER = "groups: {g: {swap: false, members: [a, b, c]}}\n";
const PEERS = "peers: {p: {proxy: 'http://p', models: [x, y]}, q: {proxy: 'http://q', models: [z]}}\n";

function spilling(targets: string, { limit = 1, more = "" }: { readonly limit?: number; readonly more?: string } = {}) {
  return models(["a", "aliases: [aa]"], "b", "c") + TOGETHER + PEERS + more +
    `selectors: {s: {strategy: spillover, targets: [${targets}], settings: {spillover: ${limit}}}}\n`;
}

/** Asks for `s` as often as said; where each request went. */
function ask(naming: Naming, times: number): readonly string[] {
  return Array.from({ length: times }, () => naming.where("s"));
}

/** Asks for `s`; the requests end at once. */
function askAndEnd(naming: Naming, times: number): readonly string[] {
  return Array.from({ length: times }, () => {
    const resolution = naming.resolve("s");
    resolution.release();
    return resolution.shownModel;
  });
}

const ALL_READY = { a: "ready", b: "ready", c: "ready" } as const;

Deno.test("SV102: with a limit of 2, two go to a, the next to b, then to what is least busy; none when all are stopping", () => {
  const naming = new Naming(spilling("a, b, c", { limit: 2, more: FIFO }));
  const [first, ...rest] = [naming.resolve("s"), naming.resolve("s"), naming.resolve("s")];
  assertEquals([first, ...rest].map(({ shownModel }) => shownModel), ["a", "a", "b"]);
  first.release();
  naming.set(ALL_READY);
  assertEquals(naming.where("s"), "c");
  naming.set({ a: "stopping", b: "stopping", c: "stopping" });
  assertEquals(naming.refusal("s", "too_busy"), 'selector "s" has no available spillover targets');
});

Deno.test("SV103: peers are taken into use one after the other, as a model that is not loaded is", () => {
  const naming = new Naming(spilling("x, p/y, q/z", { more: FIFO }));
  const requests = [1, 2, 3].map(() => naming.resolve("s"));
  assertEquals(requests.map(({ requested }) => requested), ["x", "p/y", "q/z"]);
  assertEquals(requests.map(({ shownModel }) => shownModel), ["x", "p/y", "q/z"]);
  assertEquals([...ask(naming, 3)].sort(), ["p/x", "p/y", "q/z"]);
  requests[1]?.release();
  naming.resolve("s");
  assertEquals(naming.names.spilling().map(({ key, requests }) => [key, requests]), [["p/x", 2], ["p/y", 2], [
    "q/z",
    2,
  ]]);
});

Deno.test("SV106: requests at the same time choose different targets", () => {
  const naming = new Naming(spilling("a, b, c", { more: FIFO }), ALL_READY);
  assertEquals([...ask(naming, 3)].sort(), ["a", "b", "c"]);
  assertEquals([...ask(naming, 3)].sort(), ["a", "b", "c"]);
});

Deno.test("SV107: what gives its place back at once takes turns", () => {
  assertEquals(askAndEnd(new Naming(spilling("a, b", { more: FIFO }), ALL_READY), 4), ["a", "b", "a", "b"]);
});

Deno.test("SV108: stopping targets are passed over; when there are no others, the answer is 503", () => {
  const naming = new Naming(spilling("a, b", { more: FIFO }), { a: "stopping" });
  assertEquals(naming.where("s"), "b");
  naming.set({ b: "stopping" });
  assertStringIncludes(naming.refusal("s", "too_busy"), "no available spillover targets");
});

Deno.test("a loaded target is used before one that comes earlier and is not", () => {
  const naming = new Naming(spilling("a, b, c", { limit: 2, more: FIFO }), { b: "ready", c: "starting" });
  assertEquals(ask(naming, 6), ["b", "c", "b", "c", "a", "a"]);
});

Deno.test("an alias as target is what filters see, and the model is what is counted", () => {
  const naming = new Naming(spilling("aa, b", { more: FIFO }));
  const { requested, shownModel, selector } = naming.resolve("s");
  assertEquals([requested, shownModel, selector], ["aa", "a", "s"]);
  assertEquals(naming.names.spilling(), [{ selector: "s", key: "a", requests: 1 }]);
});

Deno.test("a place is given back once, however often that is said", () => {
  const naming = new Naming(spilling("a, b", { more: FIFO }));
  const [one, two] = [naming.resolve("s"), naming.resolve("s")];
  one.release();
  one.release();
  assertEquals(naming.names.spilling(), [{ selector: "s", key: "b", requests: 1 }]);
  two.release();
  assertEquals(naming.names.spilling(), []);
});

Deno.test("what was given away before a reload still counts after it", () => {
  const naming = new Naming(spilling("a, b", { more: FIFO }));
  const before = naming.resolve("s");
  const config = load(spilling("a, b, c", { more: FIFO })).config;
  naming.names.keepAfterReload(config);
  const after = naming.names.resolve(config, "s");
  assertEquals([before.shownModel, after.shownModel], ["a", "b"]);
  before.release();
  after.release();
  assertEquals(naming.names.spilling(), []);
});

Deno.test("a selector that was gone for a while begins its turns anew", () => {
  const naming = new Naming(spilling("a, b", { more: FIFO }), ALL_READY);
  assertEquals(askAndEnd(naming, 1), ["a"]);
  naming.names.keepAfterReload(naming.config);
  assertEquals(askAndEnd(naming, 2), ["b", "a"]);
  naming.names.keepAfterReload(load(models("a")).config);
  assertEquals(askAndEnd(naming, 1), ["a"]);
});

Deno.test("serial: one local target is used at a time, whatever the limit, so that no two take turns in memory", () => {
  const naming = new Naming(spilling("a, b, c"));
  assertEquals(ask(naming, 4), ["a", "a", "a", "a"]);
});

Deno.test("serial: the target that has requests comes before the loaded one, that one before the others", () => {
  const naming = new Naming(spilling("a, b, c"), { c: "ready" });
  const onC = naming.resolve("s");
  assertEquals(onC.shownModel, "c");
  naming.set({ c: "stopping", b: "ready" });
  assertEquals(naming.where("s"), "c");
  const loading = new Naming(spilling("a, b, c"), { b: "starting" });
  assertEquals(askAndEnd(loading, 2), ["b", "b"]);
  loading.set({ c: "ready" });
  assertEquals(askAndEnd(loading, 2), ["c", "c"]);
});

Deno.test("serial: a target that stops is no reason to refuse: what waits for it starts it anew", () => {
  const naming = new Naming(spilling("a, b"), { a: "stopping", b: "stopping" });
  assertEquals(ask(naming, 2), ["a", "a"]);
});

Deno.test("serial: peers take what is beyond the limit", () => {
  const naming = new Naming(spilling("a, b, q/z", { limit: 2 }));
  assertEquals(ask(naming, 5), ["a", "a", "q/z", "q/z", "a"]);
});

Deno.test("random requests, ends, phases and reloads: counts are what is open, and nothing is left at the end", () => {
  const configs = [
    load(spilling("a, b, c", { limit: 2, more: FIFO })).config,
    load(spilling("b, x, q/z", { more: FIFO })).config,
    load(spilling("a, b, p/y")).config,
    load(models("a")).config,
  ] as const;
  const phase = fc.constantFrom<Phase>("stopped", "starting", "ready", "stopping");
  const step = fc.oneof(
    { weight: 5, arbitrary: fc.record({ do: fc.constant("resolve" as const) }) },
    { weight: 4, arbitrary: fc.record({ do: fc.constant("release" as const), which: fc.nat() }) },
    {
      weight: 2,
      arbitrary: fc.record({ do: fc.constant("phase" as const), of: fc.constantFrom("a", "b", "c"), phase }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant("reload" as const), to: fc.nat(configs.length - 1) }) },
  );
  let most = 0;
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const naming = new Naming(spilling("a"));
      const { names } = naming;
      let config = configs[0];
      const all: { readonly resolution: Resolution; open: boolean }[] = [];
      for (const step of steps) {
        if (step.do === "phase") naming.set({ [step.of]: step.phase });
        else if (step.do === "reload") {
          config = configs[step.to] ?? config;
          names.keepAfterReload(config);
        } else if (step.do === "resolve") {
          if (!config.selectors.has("s")) continue;
          try {
            all.push({ resolution: names.resolve(config, "s"), open: true });
          } catch {
            const usable = ["a", "b", "c"].some((model) => naming.phaseOf(model) !== "stopping");
            assert(!usable && config === configs[0], "refused although a target could be used");
          }
        } else {
          // Also one that was given back already: that must change nothing.
          const one = all[step.which % Math.max(1, all.length)];
          one?.resolution.release();
          if (one !== undefined) one.open = false;
        }
        const open = all.filter((one) => one.open).length;
        const counts = names.spilling().map(({ requests }) => requests);
        assert(counts.every((count) => count > 0));
        assertEquals(counts.reduce((sum, count) => sum + count, 0), open);
        most = Math.max(most, open);
      }
      for (const { resolution } of all) resolution.release();
      assertEquals(names.spilling(), []);
    }),
    { numRuns: 400 },
  );
  assert(most > 5, `at most ${most} requests were open at once`);
});
