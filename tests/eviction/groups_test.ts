import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import fc from "fast-check";
import { checkGroups, DEFAULT_GROUP, type Group } from "../../src/eviction/groups.ts";
import { createGroupsPolicy } from "../../src/eviction/groups_policy.ts";
import type { EvictionPolicy } from "../../src/eviction/policy.ts";

type Traits = Partial<Pick<Group, "swap" | "exclusive" | "persistent">>;

function group(id: string, members: readonly string[], traits: Traits = {}): Group {
  return { id, members, swap: true, exclusive: true, persistent: false, ...traits };
}

/** The policy of some groups; models that are in none are "x" and "y". */
function policyOf(...groups: Group[]): EvictionPolicy {
  const checked = checkGroups(groups, { models: new Set([...groups.flatMap(({ members }) => members), "x", "y"]) });
  assertEquals(checked.findings, []);
  return createGroupsPolicy(checked.groups);
}

Deno.test("RG2, §4.6: members of a swapping group take turns", () => {
  const policy = policyOf(group("g", ["a", "b"]));
  assertEquals(policy.evictedBy("b", ["a"]), ["a"]);
  assertEquals(policy.evictedBy("a", ["b"]), ["b"]);
});

Deno.test("RG3, §4.6: members of a group that does not swap stay together", () => {
  assertEquals(policyOf(group("g", ["a", "b"], { swap: false })).evictedBy("b", ["a"]), []);
});

Deno.test("RG4, §4.6: an exclusive group drives the others out", () => {
  for (const swap of [true, false]) {
    const policy = policyOf(group("g", ["a"], { swap }), group("h", ["b", "c"], { swap: false }));
    assertEquals(policy.evictedBy("a", ["b", "c", "x"]), ["b", "c", "x"]);
    assertEquals(policy.evictedBy("b", ["a"]), ["a"]);
  }
});

Deno.test("RG7, §4.6: a persistent group stays, but its own members may take turns", () => {
  const policy = policyOf(group("g", ["a"]), group("h", ["b", "c"], { persistent: true }));
  assertEquals(policy.evictedBy("a", ["b", "x"]), ["x"]);
  assertEquals(policy.evictedBy("c", ["b"]), ["b"]);
});

Deno.test("RG8, §4.6: a group that is not exclusive drives nobody out, not even an exclusive one, which does so later", () => {
  const policy = policyOf(group("g", ["a"], { exclusive: false }), group("h", ["b"]));
  assertEquals(policy.evictedBy("a", ["b", "x"]), []);
  assertEquals(policy.evictedBy("b", ["a"]), ["a"]);
});

Deno.test("RG5: two groups that are not exclusive do not see each other", () => {
  const policy = policyOf(group("g", ["a"], { exclusive: false }), group("h", ["b"], { exclusive: false }));
  assertEquals([policy.evictedBy("a", ["b"]), policy.evictedBy("b", ["a"])], [[], []]);
});

Deno.test("RG6: of two members of a swapping group that are wanted at once, each would evict the other", () => {
  const policy = policyOf(group("g", ["a", "b"], { exclusive: false }));
  assertEquals([policy.evictedBy("a", ["b"]), policy.evictedBy("b", ["a"])], [["b"], ["a"]]);
});

Deno.test("without groups one model runs at a time", () => {
  const policy = policyOf();
  assertEquals(policy.evictedBy("x", ["y"]), ["y"]);
  assertEquals(policy.explain("x", ["y"]).chosen, DEFAULT_GROUP);
});

Deno.test("§4.3: the evicted stand in the order of the running, without the target that runs itself", () => {
  const policy = policyOf(group("g", ["a"]), group("h", ["b", "c"], { swap: false }));
  assertEquals(policy.evictedBy("a", ["c", "b"]), ["c", "b"]);
  assertEquals(policy.evictedBy("a", ["a", "b"]), ["b"]);
  const second = policyOf(group("g", ["a"]), group("h", ["b"], { exclusive: false }));
  assertEquals(second.evictedBy("b", ["a"]), []);
  assertEquals(second.evictedBy("a", ["a", "b"]), ["b"]);
});

Deno.test("a model that is in no group gives way to any other and drives all others out", () => {
  const policy = policyOf(group("g", ["a"], { exclusive: false }), group("h", ["b"], { persistent: true }));
  assertEquals(policy.evictedBy("a", ["b", "gone"]), ["gone"]);
  assertEquals(policy.evictedBy("gone", ["a", "b"]), ["a", "b"]);
  assertEquals(policy.explain("gone", []).chosen, null);
});

Deno.test("a decision tells the group, who goes and who stays", () => {
  const policy = policyOf(group("g", ["a"]), group("h", ["p"], { persistent: true }));
  assertEquals(policy.explain("a", ["p", "x"]), {
    kind: "groups",
    target: "a",
    evicted: ["x"],
    chosen: "g",
    expression: null,
    together: ["a", "p"],
    cost: 1,
    exact: true,
  });
});

Deno.test("CN14: models coexist when they share a group that does not swap", () => {
  const policy = policyOf(group("g", ["a", "b"], { swap: false }), group("h", ["c", "d"], { exclusive: false }));
  assertEquals(policy.whyNotTogether(["a", "b"]), null);
  assertEquals(policy.whyNotTogether(["c"]), null);
  assertEquals(policy.whyNotTogether([]), null);
  assertEquals(policy.whyNotTogether(["a", "c"]), "must share one routing group");
  assertStringIncludes(policy.whyNotTogether(["c", "d"]) ?? "", "must share a group with swap: false");
  assertEquals(policy.whyNotTogether(["gone", "lost"]), "must share one routing group");
  assert(policy.canCoexist(["a", "b"]) && !policy.canCoexist(["a", "c"]));
});

Deno.test("§2.15: the models that are in no group make up the default group, sorted", () => {
  const { groups } = checkGroups([group("g", ["b"])], { models: new Set(["d", "b", "a"]) });
  assertEquals(groups.at(-1), group(DEFAULT_GROUP, ["a", "d"]));
  assertEquals(checkGroups([], { models: new Set(["m"]) }).groups, [group(DEFAULT_GROUP, ["m"])]);
});

Deno.test("RG1, §2.15: a model that is twice in a group, or in two, is an error at its place", () => {
  const { findings } = checkGroups([group("g", ["a", "a", "b"]), group("h", ["c", "b"])], {
    models: new Set(["a", "b", "c"]),
  });
  assertEquals(findings.map(({ severity, path }) => [severity, ...path]), [
    ["error", "g", "members", 1],
    ["error", "h", "members", 1],
  ]);
  assertStringIncludes(findings[0]?.message ?? "", `duplicate model member "a"`);
  assertStringIncludes(findings[1]?.message ?? "", `model "b" is used in multiple groups: "g" and "h"`);
});

Deno.test("§2.15: an unknown member is an error that names what may be meant, an alias stands for its model with a warning", () => {
  const models = new Set(["qwen", "long", "b"]);
  const { groups, findings } = checkGroups([group("g", ["qwem", "short", "b"])], {
    models,
    aliases: new Map([["short", "long"]]),
  });
  assertEquals(groups[0]?.members, ["long", "b"]);
  assertEquals(findings.map(({ severity, suggestion }) => [severity, suggestion]), [
    ["error", { name: "qwem", among: [models] }],
    ["warning", undefined],
  ]);
  assertStringIncludes(findings[0]?.message ?? "", "no model config for");
  assertStringIncludes(findings[1]?.message ?? "", `"short" is an alias`);
});

Deno.test("§2.15: an alias beside its own model is the same member twice", () => {
  const aliases = new Map([["short", "long"]]);
  const { findings } = checkGroups([group("g", ["long", "short"])], { models: new Set(["long"]), aliases });
  assertEquals(findings.map(({ severity }) => severity), ["warning", "error"]);
});

Deno.test("§2.15: a group that calls itself the default one is an error", () => {
  const { findings } = checkGroups([group(DEFAULT_GROUP, ["a"])], { models: new Set(["a"]) });
  assertEquals(findings.map(({ severity, path }) => [severity, ...path]), [["error", DEFAULT_GROUP]]);
});

const traits = fc.record({ swap: fc.boolean(), exclusive: fc.boolean(), persistent: fc.boolean() });

Deno.test("by whatever order models start, a swapping group has one running at most", () => {
  const starts = fc.array(fc.constantFrom("a", "b", "c", "d", "x", "y"), { maxLength: 12 });
  fc.assert(
    fc.property(traits, traits, starts, (first, second, targets) => {
      const groups = [group("g", ["a", "b"], first), group("h", ["c", "d"], second)];
      const policy = policyOf(...groups);
      let running: string[] = [];
      for (const target of targets) {
        const evicted = policy.evictedBy(target, running);
        assert(!evicted.includes(target));
        running = [...new Set([...running.filter((model) => !evicted.includes(model)), target])].sort();
        assert(running.includes(target));
        for (const { members, swap } of [...groups, group("rest", ["x", "y"])]) {
          assert(!swap || running.filter((model) => members.includes(model)).length <= 1);
        }
      }
    }),
    { numRuns: 1000, seed: 406 },
  );
});
