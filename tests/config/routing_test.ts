import { assert, assertEquals, assertObjectMatch } from "@std/assert";
import type { EvictionPolicy } from "../../src/eviction/policy.ts";
import type { Config, RouterConfig } from "../../src/config/types.ts";
import { configOf, load, models, refuse, warningsOf } from "./loading.ts";

const FIFO = "routing: {scheduler: {use: fifo}}\n";
const ABC = models("a", "b", "c");

function groupsOf({ router }: Config): readonly string[] {
  assert(router.kind === "groups");
  return router.groups.map(({ id, members, swap }) => `${id}: ${members.join(" ")}${swap ? "" : " (together)"}`);
}

function matrixOf({ router }: Config): Extract<RouterConfig, { readonly kind: "matrix" }> {
  assert(router.kind === "matrix");
  return router;
}

function policyOf({ scheduler }: Config): EvictionPolicy {
  assert(scheduler.use === "fifo");
  return scheduler.policy;
}

/** Under `fifo`, so that nothing is ignored and warned about. */
function withRouter(router: string): string {
  return `routing: {scheduler: {use: fifo}, router: ${router}}\n` + ABC;
}

Deno.test("CR1: legacy groups and a legacy matrix are read as if they stood under routing", () => {
  assertEquals(groupsOf(configOf(FIFO + ABC + "groups: {g: {swap: false, members: [a, b]}}\n")), [
    "g: a b (together)",
    "(default): c",
  ]);
  assertEquals(matrixOf(configOf(FIFO + ABC + "matrix: {sets: {s: a & b}}\n")).sets, new Map([["s", "a & b"]]));
});

Deno.test("CR2: groups and a matrix are read under routing", () => {
  assertEquals(groupsOf(configOf(withRouter("{use: group, settings: {groups: {g: {members: [a]}}}}"))), [
    "g: a",
    "(default): b c",
  ]);
  assertEquals(matrixOf(configOf(withRouter("{use: matrix, settings: {matrix: {sets: {s: a}}}}"))).sets.size, 1);
});

Deno.test("CR3, CD1: without anything there is one group of all models, and the serial scheduler", () => {
  const config = configOf(ABC);
  assertEquals(groupsOf(config), ["(default): a b c"]);
  assertEquals(config.scheduler.use, "serial");
});

Deno.test("CD3: a group has swap and exclusive unless it says otherwise, and the others form the default group", () => {
  const { router } = configOf(FIFO + ABC + "groups: {g: {members: [c]}, h: {exclusive: no, persistent: yes}}\n");
  assertEquals(router, {
    kind: "groups",
    groups: [
      { id: "g", members: ["c"], swap: true, exclusive: true, persistent: false },
      { id: "h", members: [], swap: true, exclusive: false, persistent: true },
      { id: "(default)", members: ["a", "b"], swap: true, exclusive: true, persistent: false },
    ],
  });
});

Deno.test("CD4: a model is in one group only, and once", () => {
  refuse(
    ABC + "groups:\n  g: {members: [a]}\n  h: {members: [a]}\n",
    "groups.h.members[0]: ",
    "is used in multiple groups",
  );
  refuse(ABC + "groups: {g: {members: [a, a]}}\n", "duplicate model member");
});

Deno.test("W57: a member that is no model, and a group called (default), are refused", () => {
  refuse(
    models("alpha") + "groups: {g: {members: [alpah]}}\n",
    "groups.g.members[0]: unknown model",
    'Did you mean "alpha"?',
  );
  refuse(ABC + "groups: {(default): {members: [a]}}\n", '"(default)" is taken');
});

Deno.test("CR4: legacy groups beside a new router block are refused, and so is a legacy matrix", async (t) => {
  const legacy = ["groups: {g: {members: [a]}}\n", "matrix: {sets: {s: a}}\n"];
  const modern = ["{use: group}", "{settings: {matrix: {sets: {s: a}}}}", "{settings: {groups: {h: {members: [b]}}}}"];
  for (const old of legacy) {
    for (const router of modern) {
      await t.step(old + router, () => void refuse(ABC + old + `routing: {router: ${router}}\n`, "migrate"));
    }
  }
  await t.step("a block without a router may stand beside legacy groups", () => {
    configOf(FIFO + ABC + "groups: {g: {members: [a]}}\n");
    configOf(
      `routing: {scheduler: {use: fifo}, router: {settings: {groups: {}}}}\n${ABC}groups: {g: {members: [a]}}\n`,
    );
  });
});

Deno.test("CR5: a matrix router needs a matrix", () => {
  refuse(ABC + "routing: {router: {use: matrix}}\n", "routing.router.use: routing.router.settings.matrix is not set");
});

Deno.test("CR6: with both, the one in use counts, and the other is a warning", () => {
  const settings = "{groups: {g: {members: [a]}}, matrix: {sets: {s: nope}}}";
  const { config, warnings } = load(withRouter(`{use: group, settings: ${settings}}`));
  assertEquals(groupsOf(config), ["g: a", "(default): b c"]);
  assertEquals(warnings.map(({ path }) => path.join(".")), ["routing.router.settings.matrix"]);
  const other = load(withRouter("{use: matrix, settings: {groups: {g: {members: [nope]}}, matrix: {sets: {s: a}}}}"));
  assertEquals(matrixOf(other.config).sets.size, 1);
  assertEquals(other.warnings.map(({ path }) => path.join(".")), ["routing.router.settings.groups"]);
});

Deno.test("CR7: an unknown router or scheduler is refused", () => {
  refuse("routing: {router: {use: groups}}", "unknown router", "expected group or matrix", 'Did you mean "group"?');
  refuse("routing: {scheduler: {use: serail}}", "unknown scheduler", 'Did you mean "serial"?');
});

Deno.test("CR8, W33: priorities are those of known models, and an alias stands for its model", () => {
  const fifo = (priority: string) =>
    `routing: {scheduler: {use: fifo, settings: {fifo: {priority: ${priority}}}}}\n` +
    models("a", ["b", "aliases: [x]"]);
  const { scheduler } = configOf(fifo("{a: -3, x: 10}"));
  assert(scheduler.use === "fifo");
  assertEquals([...scheduler.priorities], [["a", -3], ["b", 10]]);
  refuse(fifo("{nope: 1}"), "routing.scheduler.settings.fifo.priority.nope: ", 'references unknown model "nope"');
  refuse(fifo("{b: 1, x: 2}"), "model b has two priorities");
  refuse(fifo("{a: high}"), "priority.a: must be a whole number");
});

Deno.test("CR9: legacy groups and matrix together are refused", () => {
  refuse(ABC + "groups: {g: {members: [a]}}\nmatrix: {sets: {s: a}}\n", "cannot use both 'groups' and 'matrix'");
});

Deno.test("CR10, CR17: a matrix is compiled, its costs by model name", () => {
  const config = configOf(FIFO + ABC + "matrix: {vars: {v: a}, evict_costs: {v: 7, b: 3}, sets: {s: v & b}}\n");
  assertEquals([...matrixOf(config).costs].sort(), [["a", 7], ["b", 3]]);
  assertEquals(matrixOf(config).vars, new Map([["v", "a"]]));
  assertEquals([policyOf(config).kind, policyOf(config).evictedBy("a", ["b", "c"])], ["matrix", ["c"]]);
});

Deno.test("CR11: the compiled matrix decides, also through references", () => {
  const text = FIFO + models("g", "q", "v", "e") +
    "matrix: {evict_costs: {v: 50}, sets: {llms: g | q, full: +llms & v & e}}\n";
  const decision = policyOf(configOf(text)).explain("q", ["g", "v"]);
  assertEquals([decision.chosen, decision.evicted, decision.together], ["full", ["g"], ["e", "q", "v"]]);
});

Deno.test("CR12: sets name models by id or by var, and a var wins over a model of its name", () => {
  const canCoexist = (block: string, ...ids: readonly string[]) =>
    policyOf(configOf(FIFO + ABC + `matrix: ${block}\n`)).canCoexist(ids);
  assertEquals(canCoexist("{sets: {s: a & b}}", "a", "b"), true);
  assertEquals(canCoexist("{vars: {x: a}, sets: {s: x & b & a}}", "a", "b"), true);
  const shadowed = "{vars: {a: b}, sets: {s: a & c}}";
  assertEquals([canCoexist(shadowed, "b", "c"), canCoexist(shadowed, "a", "c")], [true, false]);
});

Deno.test("CR13–CR16: what is wrong with a matrix is said where it stands", async (t) => {
  const long = "x".repeat(33);
  configOf(FIFO + ABC + `matrix: {vars: {${"y".repeat(32)}: a, b-c: b, d.e: c}, sets: {s: a}}\n`);
  const cases: readonly [string, string, string][] = [
    ["CR13: 33 characters", `{vars: {${long}: a}, sets: {s: a}}`, "1-32 characters"],
    ["CR13: underscore", "{vars: {x_y: a}, sets: {s: a}}", "matrix.vars.x_y: "],
    ["CR13: empty", "{vars: {'': a}, sets: {s: a}}", "1-32 characters"],
    ["CR14", "{vars: {x: nope}, sets: {s: a}}", "matrix.vars.x: "],
    ["CR14", "{vars: {x: nope}, sets: {s: a}}", "references unknown model"],
    ["CR15: 0", "{evict_costs: {a: 0}, sets: {s: a}}", "positive integer"],
    ["CR15: negative", "{evict_costs: {a: -1}, sets: {s: a}}", "positive integer"],
    ["CR15: unknown", "{evict_costs: {z: 1}, sets: {s: a}}", "unknown var or model"],
    ["CR16: cycle", "{sets: {s: +t, t: +s}}", "circular reference"],
    ["CR16: missing", "{sets: {s: +t}}", "references undefined set"],
    ["CR16: no sets", "{vars: {x: a}}", "at least one set"],
    ["CR16: unknown", "{sets: {s: zz}}", "unknown var or model"],
    ["not a mapping", "{sets: [a]}", "matrix.sets: must be a mapping (found a list)"],
  ];
  for (const [name, block, part] of cases) {
    await t.step(name, () => void refuse(ABC + `matrix: ${block}\n`, part));
  }
});

Deno.test("S4: serial says once that it ignores groups, a matrix and priorities", async (t) => {
  const cases: readonly [string, string][] = [
    ["groups", "groups: {g: {members: [a]}, h: {members: [b]}}\n"],
    ["matrix", "matrix: {sets: {s: a}}\n"],
    ["priorities", "routing: {scheduler: {settings: {fifo: {priority: {a: 1, b: 2}}}}}\n"],
    [
      "groups and priorities",
      "routing: {scheduler: {settings: {fifo: {priority: {a: 1}}}}}\ngroups: {g: {members: [a]}}\n",
    ],
    ["the new router", "routing: {router: {settings: {groups: {g: {members: [a]}}}}}\n"],
  ];
  for (const [name, block] of cases) {
    await t.step(name, () => {
      const warnings = warningsOf(ABC + block);
      assertEquals(warnings.length, 1);
      assert(warnings[0]?.includes("The serial scheduler keeps one model in memory"), warnings[0]);
    });
  }
  await t.step(
    "not without them",
    () => assertEquals(warningsOf(ABC + "groups: {}\nrouting: {router: {use: group}}\n"), []),
  );
});

Deno.test("S20: the scheduler is serial unless fifo is asked for, each with settings of its own", () => {
  const settings = (text: string) => configOf(text).scheduler;
  const both = (use: string) =>
    `routing: {scheduler: {use: ${use}, settings: {serial: {parallel: 4, maxWait: 5m}, fifo: {maxAge: 0, maxWait: 90}}}}`;
  assertEquals(settings(both("serial")), { use: "serial", parallel: 4, maxQueue: 1000, maxWaitMs: 300_000 });
  assertObjectMatch(settings(both("fifo")), { use: "fifo", priorities: new Map(), maxAgeMs: null, maxWaitMs: 90_000 });
  assertObjectMatch(settings(FIFO), { use: "fifo", maxAgeMs: 60_000, maxWaitMs: null, policy: { kind: "groups" } });
});
