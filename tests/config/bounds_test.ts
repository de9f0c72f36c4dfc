import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { gatherFindings } from "../../src/config/findings.ts";
import { createHider } from "../../src/config/hiding.ts";
import { PathMap } from "../../src/config/path_map.ts";
import { createSuggester, nearestName } from "../../src/config/suggestions.ts";
import { ConfigErrors, loadConfig } from "../../src/config/load.ts";

function problemsOf(text: string): readonly string[] {
  try {
    loadConfig({ texts: [{ file: "c", text }], env: () => undefined });
    return [];
  } catch (error) {
    assert(error instanceof ConfigErrors);
    return error.issues.map(String);
  }
}

/** Names that count how many of them were looked at. */
function countedNames(count: number): { readonly names: ReadonlySet<string>; looked(): number } {
  let looked = 0;
  class Counted extends Set<string> {
    override *keys(): SetIterator<string> {
      for (const name of super.keys()) {
        looked++;
        yield name;
      }
    }
  }
  return { names: new Counted(Array.from({ length: count }, (_, i) => `model-${i}`)), looked: () => looked };
}

Deno.test("all suggestions of a load have one budget: after it there are none, and nothing is looked at", () => {
  const { names, looked } = countedNames(1000);
  const suggest = createSuggester(200_000);
  const answers = Array.from({ length: 500 }, (_, i) => suggest({ name: `modle-${i}`, among: [names] }));
  assertEquals(answers[1], "model-1");
  assertEquals(answers.at(-1), undefined);
  assert(looked() < 10_000, `${looked()} were looked at`);
});

Deno.test("a suggestion within the budget is the one without a budget", () => {
  const { names } = countedNames(50);
  for (const name of ["model-7x", "Model_12", "modle-3", "nothing", "mod"]) {
    assertEquals(createSuggester()({ name, among: [[], names] }), nearestName(name, names));
  }
});

Deno.test("indexes count what was left out before, in one go or in several", () => {
  for (const rounds of [[[0, 1, 5]], [[0], [0], [3]], [[5], [0, 1]], [[], [2]]]) {
    const findings = gatherFindings();
    let left = Array.from({ length: 9 }, (_, i) => i);
    for (const gone of rounds) {
      findings.leaveOut(["a"], gone);
      left = left.filter((_, i) => !gone.includes(i));
    }
    left.forEach((_, i) => findings.problem({ path: ["a", i, 0], message: "" }));
    assertEquals(findings.problems.map(({ path }) => path), left.map((original) => ["a", original, 0]));
  }
});

Deno.test("a path map knows what is at a path, and what is below", () => {
  const map = new PathMap<number>();
  map.set(["a", 1, "b"], 7);
  assertEquals([map.get(["a", 1, "b"]), map.get(["a", 1]), map.get(["a", "1", "b"])], [7, undefined, undefined]);
  assertEquals([map.has(["a", 1]), map.has([]), map.has(["b"])], [true, true, false]);
});

Deno.test("secrets that overlap go together, and one that was cut short is known by its beginning", () => {
  const shown = new Map([["abcdef", "<1>"], ["defghi", "<2>"], ["abcd", "<3>"], ["abc", "<4>"]]);
  const hide = createHider({ shown });
  assertEquals(hide("x abcdefghi y abcdx abc"), "x <1> y <3>x abc");
  assertEquals(
    createHider({ shown: new Map([["0123456789", "<>"]]), knownBy: 6 })("a 0123456 012345x 01234"),
    "a <> <>x 01234",
  );
});

Deno.test("no issue is long, whatever the names and values in it", () => {
  const long = "k".repeat(100_000);
  for (
    const text of [
      `models: {${long}: {cmd: 1, ttl: x}}`,
      `models: {a: {cmd: "x \${PORT} \${${long}}"}}`,
      `macros: {${long}: 1}`,
      `macros: {a: "\${a} ${long}"}`,
      `matrix: {sets: {s: "${long}/"}}`,
      `groups: {${long}: {members: [${long}]}}`,
      `performance: {every: "${long}"}`,
      `upstream: {ignorePaths: ["(${long}"]}`,
      `${long}: 1\nlogToStdout: ${long}`,
      `selectors: {${long}: {strategy: ${long}, targets: [${long}]}}`,
      `profiles: {${long}: {pins: {${long}: ${long}}}}`,
      `peers: {${long}: {proxy: ${long}}}`,
    ]
  ) {
    for (const problem of problemsOf(text)) {
      assert(problem.length < 3000, `${problem.length}: ${problem.slice(0, 200)}`);
    }
  }
  assertStringIncludes(problemsOf(`models: {${long}: {cmd: [1]}}`).join(), 'models."kkk');
});
