import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { ConfigErrors, loadConfig } from "../../src/config/load.ts";
import type { Config } from "../../src/config/types.ts";

/** Few names, so that they meet: models, aliases, selectors, peers and what leads to them. */
const name = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom("a", "b", "aa", "p/a") },
  fc.constantFrom("p", "x", "", " ", "__proto__", "constructor", "1", "${MODEL_ID}", "${n}"),
);
const scalar = fc.oneof(name, fc.integer({ min: -3, max: 70_000 }), fc.boolean(), fc.constant(null), fc.double());
const list = (item: fc.Arbitrary<unknown>) =>
  fc.oneof({ weight: 8, arbitrary: fc.array(item, { maxLength: 4 }) }, scalar);
const mapping = (item: fc.Arbitrary<unknown>) =>
  fc.oneof({ weight: 8, arbitrary: fc.dictionary(name, item, { maxKeys: 4 }) }, scalar);
const block = (fields: Record<string, fc.Arbitrary<unknown>>) =>
  fc.oneof({ weight: 8, arbitrary: fc.record(fields, { requiredKeys: [] }) }, scalar);
const either = (usual: unknown, ...others: unknown[]) =>
  fc.oneof({ weight: 4, arbitrary: fc.constant(usual) }, fc.constantFrom(...others), scalar);

const filters = block({
  stripParams: either("a,b", "model, a", ""),
  strip_params: either("c", ""),
  setParams: mapping(scalar),
  setParamsByID: mapping(mapping(scalar)),
});
const timeouts = block({ connect: scalar, responseHeader: scalar, tlsHandshake: scalar, nope: scalar });
const model = fc.record({
  cmd: either("server ${PORT}", "server", 7),
  aliases: list(name),
  filters,
  timeouts,
  ttl: either(5, -2, 1.5),
  concurrencyLimit: scalar,
  compat: block({ ignoreWebsockets: scalar }),
  capabilities: block({ in: list(either("text", "video")), context: scalar, tools: scalar }),
}, { requiredKeys: ["cmd"] });
const groups = mapping(block({ members: list(name), swap: scalar, exclusive: scalar, persistent: scalar }));
const matrix = block({
  vars: mapping(name),
  evict_costs: mapping(scalar),
  sets: mapping(either("a & b", "(a | b) & +x", "+x", "(", "a |", "")),
});
const blocks = fc.record({
  macros: fc.constantFrom({ n: 3 }, { n: "b" }, {}),
  profiles: mapping(fc.record({ pins: mapping(name), description: scalar }, { requiredKeys: ["pins"] })),
  selectors: fc.dictionary(
    fc.oneof(fc.constantFrom("s", "t"), name),
    fc.record({
      strategy: either("spillover", "warm", "pin", "other"),
      targets: list(name),
      settings: block({ spillover: scalar }),
    }, { requiredKeys: ["strategy", "targets"] }),
    { maxKeys: 3 },
  ),
  peers: mapping(fc.record({
    proxy: either("http://h/x", "ftp://h", ""),
    models: list(name),
    apiKey: either("key", "", "a b"),
    filters,
    timeouts,
  }, { requiredKeys: ["proxy", "models"] })),
  routing: block({
    scheduler: block({
      use: either("fifo", "serial", "other"),
      settings: block({ fifo: block({ priority: mapping(scalar), maxAge: either("5s", "x", 0) }) }),
    }),
    router: block({ use: either("group", "matrix", "other"), settings: block({ groups, matrix }) }),
  }),
  groups,
  matrix,
  hooks: block({ on_startup: block({ preload: list(name) }) }),
  upstream: block({ ignorePaths: list(either("^/a(?i)b", "[", "(?<=a)", "\\p{Greek}", "a{1,2}{")) }),
  performance: block({ every: either("5s", "1s", 0), disabled: scalar }),
  ui: block({ activity: block({ session_id: list(scalar) }) }),
  store: block({ path: scalar }),
  logTimeFormat: scalar,
  logToStdout: either("both", "all"),
  captureBuffer: scalar,
});
const good = { a: { cmd: "x ${PORT}", aliases: ["aa"] }, b: { cmd: "y ${PORT}" } };
const config = fc.tuple(
  blocks,
  fc.oneof({ weight: 3, arbitrary: fc.constant(good) }, mapping(model)),
  fc.uniqueArray(fc.nat({ max: 13 }), { maxLength: 3 }),
).map(([all, models, chosen]) => ({
  ...Object.fromEntries(Object.entries(all).filter((_, i) => chosen.includes(i))),
  models,
}));

/** More cases, each time others; without it the same ones each time. */
const RUNS = Deno.env.get("FUZZ_RUNS");

/** What every config that loads promises to whoever reads it. */
function assertSound(
  { models, aliases, selectors, profiles, peerModels, peers, router, preload, scheduler }: Config,
): void {
  const locally = (text: string) => models.has(text) || aliases.has(text);
  const leads = (text: string) => locally(text) || peerModels.has(text);
  for (const id of [...aliases.values(), ...preload]) assert(models.has(id), id);
  for (const { id, targets, strategy, spillover } of selectors.values()) {
    assert(targets.length > 0 && targets.every(leads) && !locally(id));
    assert(strategy !== "warm" || targets.every(locally));
    assert(strategy !== "spillover" || spillover >= 1);
  }
  for (const { pins } of profiles.values()) {
    for (const target of pins.values()) assert(target === "" || leads(target) || selectors.has(target), target);
  }
  for (const { peer, model: wanted } of peerModels.values()) assert(peers.get(peer)?.models.includes(wanted));
  if (router.kind === "groups") {
    assertEquals(router.groups.flatMap(({ members }) => members).sort(), [...models.keys()].sort());
  }
  if (scheduler.use === "fifo") { for (const id of scheduler.priorities.keys()) assert(models.has(id), id); }
  for (const { filters: { strip, set } } of [...models.values(), ...peers.values()]) {
    assert(!strip.includes("model") && !set.has("model"));
  }
}

Deno.test("whatever the blocks hold, a config is refused with its reasons or keeps its promises", () => {
  const reached = new Set<string>();
  fc.assert(
    fc.property(config, (tree) => {
      try {
        const { config, warnings } = loadConfig({
          texts: [{ text: JSON.stringify(tree), file: "f" }],
          env: () => undefined,
        });
        assertSound(config);
        warnings.map(String);
        for (const [key, value] of Object.entries(config)) {
          if (value instanceof Map && value.size > 0) reached.add(key);
        }
      } catch (error) {
        assert(error instanceof ConfigErrors, `${error instanceof Error ? error.stack : error}`);
        for (const issue of error.issues) assert(!issue.message.includes("[object"), issue.message);
      }
      assertEquals(Object.keys(Object.prototype), []);
    }),
    RUNS === undefined ? { numRuns: 3000, seed: 5 } : { numRuns: Number(RUNS) },
  );
  assertEquals([...reached].sort(), ["aliases", "models", "peerModels", "peers", "profiles", "selectors"]);
});
