import { assert, assertEquals } from "@std/assert";
import { ConfigErrors, loadConfig } from "../../src/config/load.ts";
import { configOf, models, refuse } from "./loading.ts";

const TWO = models(["a", "aliases: [aa]", "filters: {setParamsByID: {gen: {x: 1}}}"], "b");
const PEERS = "peers: {p: {proxy: 'http://h', models: [far, near]}}\n";
const TOGETHER = "groups: {g: {swap: false, members: [a, b]}}\n";

const spill = (targets: string, more = "") => `selectors: {s: {strategy: spillover, targets: [${targets}]${more}}}\n`;

Deno.test("CN11: a selector has what it says, and spillover 1 otherwise", () => {
  const config = configOf(
    TWO + `selectors:
  full:
    strategy: warm
    targets: [b, aa]
    settings: { spillover: 3 }
    name: Full
    description: All of it
    unlisted: true
    metadata: { k: [1] }
  bare: { strategy: pin, targets: [gen] }
`,
  );
  assertEquals(config.selectors.get("full"), {
    id: "full",
    strategy: "warm",
    targets: ["b", "aa"],
    spillover: 3,
    name: "Full",
    description: "All of it",
    unlisted: true,
    metadata: Object.assign(Object.create(null), { k: [1] }),
  });
  const bare = config.selectors.get("bare");
  assertEquals([bare?.targets, bare?.spillover, bare?.unlisted], [["gen"], 1, false]);
});

Deno.test("CN12: what is wrong with a selector is said", async (t) => {
  const cases: readonly [string, string, string][] = [
    ["blank id", "selectors: {' ': {strategy: pin, targets: [a]}}\n", "a selector id must not be blank"],
    ["id of a model", "selectors: {a: {strategy: pin, targets: [b]}}\n", "name conflicts with model ID"],
    ["an alias", "selectors: {aa: {strategy: pin, targets: [b]}}\n", "name conflicts with model alias"],
    ["a generated alias", "selectors: {gen: {strategy: pin, targets: [b]}}\n", "name conflicts with model alias"],
    ["no strategy", "selectors: {s: {targets: [a]}}\n", "strategy is required"],
    [
      "unknown strategy",
      "selectors: {s: {strategy: warn, targets: [a]}}\n",
      'unknown strategy (expected pin, warm, spillover, found "warn") Did you mean "warm"?',
    ],
    ["no targets", "selectors: {s: {strategy: pin}}\n", "targets must contain at least one entry"],
    [
      "chaining",
      "selectors: {s: {strategy: pin, targets: [a]}, t: {strategy: pin, targets: [s]}}\n",
      "selector chaining is not supported",
    ],
    ["itself", "selectors: {s: {strategy: pin, targets: [s]}}\n", "selector chaining is not supported"],
    ["unknown target", "selectors: {s: {strategy: pin, targets: [nope]}}\n", "references unknown model"],
    ["warm and remote", PEERS + "selectors: {s: {strategy: warm, targets: [far]}}\n", "must resolve to a local model"],
    ["spillover 0", TOGETHER + spill("a, b", ", settings: {spillover: 0}"), "settings.spillover must be >= 1"],
    ["one model twice", TOGETHER + spill("a, aa"), "duplicate resolved model"],
    ["one peer model twice", PEERS + spill("far, p/far"), "duplicate resolved model"],
    ["swapping group", spill("a, b"), "must share a group with swap: false"],
    ["two groups", "groups: {g: {swap: false, members: [a]}}\n" + spill("a, b"), "must share one routing group"],
  ];
  for (const [name, block, part] of cases) await t.step(name, () => void refuse(TWO + block, part));
});

Deno.test("CN13: a selector may be called like the bare name of a peer's model", () => {
  const config = configOf(PEERS + TWO + "selectors: {far: {strategy: pin, targets: [p/far]}}\n");
  assertEquals(config.selectors.get("far")?.targets, ["p/far"]);
});

Deno.test("CN14: spillover within one group that does not swap is accepted", () => {
  const text = "routing: {scheduler: {use: fifo}}\n" + TOGETHER + TWO + spill("a, b", ", settings: {spillover: 2}");
  assertEquals(configOf(text).selectors.get("s")?.spillover, 2);
});

Deno.test("CN15: under a matrix one set must hold all local targets", async (t) => {
  const fifo = "routing: {scheduler: {use: fifo}}\n";
  await t.step("a common set", () => {
    configOf(fifo + TWO + "matrix: {sets: {x: a & b}}\n" + spill("a, b"));
  });
  await t.step("separate sets", () => {
    refuse(
      TWO + "matrix: {sets: {x: a, y: b}}\n" + spill("a, b"),
      "must all appear together in one expanded matrix set",
    );
  });
  await t.step("four sets of eleven alternatives", () => {
    const sides = ["a", "b", "c", "d"].map((side) => Array.from({ length: 11 }, (_, i) => `${side}${i}`));
    const expression = sides.map((side) => `(${side.join(" | ")})`).join(" & ");
    const text = fifo + models(...sides.flat()) + `matrix: {sets: {x: "${expression}"}}\n` +
      spill("a10, b10, c10, d10");
    assertEquals(configOf(text).selectors.get("s")?.targets.length, 4);
  });
});

Deno.test("CN16: spillover over peers, alone or with one local model, needs no group", () => {
  for (const targets of ["far, near", "a, far", "p/near, b"]) configOf(PEERS + TWO + spill(targets));
});

Deno.test("CN15: the checks of all selectors together have one budget: after it a warning says that nothing was checked", () => {
  const many = (count: number, part: (i: number) => string, joint: string) =>
    Array.from({ length: count }, (_, i) => part(i)).join(joint);
  const product = (i: number) =>
    many(8, (k) => `(${many(20, (q) => `(m${(q * 3 + k + i) % 40} & m${(q * 7 + k * 5) % 40})`, " | ")})`, " & ");
  const problems = messagesOf(`models:
${many(40, (i) => `  m${i}: {cmd: "x \${PORT}"}`, "\n")}
matrix: {sets: {${many(20, (i) => `s${i}: "${product(i)}"`, ", ")}}}
selectors:
${
    many(60, (i) =>
      `  s-${i}: {strategy: spillover, settings: {spillover: 1}, targets: [${
        many(20, (k) =>
          `m${(i + k * 2) % 40}`, ", ")
      }]}`, "\n")
  }
`);
  assert(problems.length > 0 && problems.length < 30, `${problems.length} of 60 were checked`);
});

function messagesOf(text: string): readonly string[] {
  try {
    return loadConfig({ texts: [{ file: "c.yaml", text }], env: () => undefined }).warnings.map(String);
  } catch (error) {
    assert(error instanceof ConfigErrors);
    return error.issues.map(String);
  }
}
