/**
 * The house rules that no compiler checks: which room may import which, where the runtime may be touched, and that nothing
 * asks for all permissions. The tables at the top are the rules; `docs/design.md` explains them.
 *
 * @module
 */

import { assert, assertEquals, assertExists } from "@std/assert";
import { importEdges, projectFile, projectFiles, readProjectFile, sources } from "./source_tree.ts";

/** What each room may import at run time, besides itself and the shared files. Types of `config` are free to all. */
const ARROWS: Readonly<Record<string, readonly string[]>> = {
  main: ["cli"],
  cli: ["worker", "routes", "serving", "routing", "scheduler", "eviction", "backend", "config", "observe", "tiny"],
  worker: ["routes", "serving", "gateway", "routing", "scheduler", "eviction", "backend", "config", "observe", "ui"],
  routes: ["serving", "gateway", "routing", "scheduler", "eviction", "backend", "config", "observe", "ui"],
  serving: ["gateway", "routing", "scheduler", "backend", "config", "observe"],
  gateway: ["routing", "scheduler", "backend", "observe"],
  routing: [],
  scheduler: ["backend", "eviction"],
  eviction: [],
  backend: ["config", "observe"], // config for one pure function: how a command line is split
  config: ["eviction"], // a block of groups or a matrix is checked where it is understood
  observe: [],
  tiny: [],
  ui: [],
  shared: [],
};

/** Files of `src/` that every room may import. */
const SHARED = [
  "src/errors.ts",
  "src/clock.ts",
  "src/ip_address.ts",
  "src/log.ts",
  "src/log_time.ts",
  "src/version.ts",
];

/** Where `Deno.` may appear: what owns files, processes, sockets or the program itself. */
const TOUCHES_RUNTIME = [
  /^main\.ts$/,
  /^src\/cli\//,
  /^src\/backend\/(?!lifecycle)/,
  /^src\/gateway\/(upstream|websocket)/,
  /^src\/observe\//,
  /^src\/worker\.ts$/,
  /^src\/tiny\/worker\.ts$/,
];

/** Types of the runtime that any file may name. */
const RUNTIME_TYPES = /\bDeno\.(ServeHandlerInfo|Addr|NetAddr)\b/g;

/** Files that decide and do nothing else: no runtime, no timers, no clock, no chance. */
const PURE = [
  /^src\/scheduler\/[^/]*core/,
  /^src\/eviction\//,
  /^src\/backend\/lifecycle/,
  /^src\/gateway\/(headers|client_address)/,
  /^src\/gateway\/request\/(byte_|json_|filter_|header_|part_|content_|parameters|query_)/,
  /^src\/config\//,
];
const IMPURE_WORDS = /\b(Deno\.|setTimeout|setInterval|Date\.now|performance\.|Math\.random|fetch\()/;

/** The only modules with a default export: they are the entries of `deno serve`. */
const SERVE_ENTRIES = ["src/worker.ts", "src/tiny/worker.ts"];

Deno.test("no room imports a room that it may not know", async () => {
  const wrong = (await importEdges()).filter(({ from, to, typeOnly }) => {
    const [source, target] = [roomOf(from), roomOf(to)];
    if (source === target || target === "shared" || (typeOnly && target === "config")) return false;
    return !ARROWS[source]?.includes(target);
  });
  assertEquals(wrong.map(({ from, to }) => `${from} → ${to}`), []);
});

Deno.test("no module imports itself through others", async () => {
  const next = new Map<string, string[]>();
  for (const { from, to } of await importEdges()) next.set(from, [...next.get(from) ?? [], to]);
  assertEquals(findCycle(next)?.join(" → "), undefined);
});

Deno.test("a pure core knows no runtime, no timer, no clock and no chance", async () => {
  const pure = (path: string) => PURE.some((pattern) => pattern.test(path));
  const all = await sources();
  const runtimeEdges = (await importEdges()).filter(({ typeOnly }) => !typeOnly);
  const reached = new Map(all.filter(({ path }) => pure(path)).map(({ path }) => [path, path]));
  for (const [path, core] of reached) {
    for (const { from, to } of runtimeEdges) {
      if (from !== path || reached.has(to)) continue;
      assert(roomOf(to) === roomOf(core) || roomOf(to) === "shared", `${core} reaches ${to}`);
      reached.set(to, core);
    }
  }
  const impure = all.filter(({ path, code }) => reached.has(path) && IMPURE_WORDS.test(code));
  assertEquals(impure.map(({ path, code }) => `${path}: ${IMPURE_WORDS.exec(code)?.[0]}`), []);
});

Deno.test("the runtime is touched only where files, processes, sockets or the program are owned", async () => {
  const wrong = (await sources()).filter(({ path, code }) =>
    !TOUCHES_RUNTIME.some((pattern) => pattern.test(path)) && /\bDeno\./.test(code.replace(RUNTIME_TYPES, ""))
  );
  assertEquals(wrong.map(({ path }) => path), []);
});

Deno.test("exports are named, and no module only passes on another's", async () => {
  for (const { path, code } of await sources()) {
    assert(!/^export\s+\*/m.test(code), `${path} passes on everything of another module`);
    assert(!/\/(mod|index)\.ts$/.test(path), `${path} is a barrel by name`);
    const isDefault = /^export\s+default\b|\bas\s+default\b/m.test(code);
    assert(!isDefault || SERVE_ENTRIES.includes(path), `${path} has a default export`);
    const rest = code.replace(/^(import|export)\b[^;]*\bfrom\b[^;]*;/gm, "").trim();
    assert(rest !== "" || !/^export\b/m.test(code), `${path} only passes on what others export`);
  }
});

Deno.test("every export says what it promises", async () => {
  const bare: string[] = [];
  for (const { path, text } of await sources()) {
    const lines = text.split("\n");
    lines.forEach((line, index) => {
      const name = /^export (?:default )?(?:async |abstract )*(?:function\*?|class|interface|type|const|let) (\w+)/
        .exec(line)?.[1];
      if (name === undefined) return;
      const before = lines.slice(0, index).findLast((earlier) => !earlier.startsWith("// deno-lint-ignore")) ?? "";
      const isOverload = lines.slice(0, index).some((earlier) => earlier.startsWith(`export function ${name}`));
      if (!before.endsWith("*/") && !isOverload) bare.push(`${path}:${index + 1} ${name}`);
    });
  }
  assertEquals(bare, []);
});

Deno.test("the code is strict: no enum, no any, no assertion that a value is there", async () => {
  const { compilerOptions, lint } = await projectFile();
  for (const option of ["strict", "exactOptionalPropertyTypes", "noUncheckedIndexedAccess", "erasableSyntaxOnly"]) {
    assertEquals(compilerOptions[option], true, option);
  }
  for (const rule of ["no-explicit-any", "no-non-null-assertion", "no-console"]) {
    assert(lint.rules.include.includes(rule), `the lint rule ${rule} is on`);
  }
  for (const { path, code, text } of await sources()) {
    assert(!/^\s*(export\s+)?(declare\s+)?(const\s+)?enum\s/m.test(code), `${path} has an enum`);
    assert(!/deno-lint-ignore(-file)?[^\n]*(no-explicit-any|no-non-null)/.test(text), `${path} silences a strict rule`);
    assert(!/@ts-(nocheck|ignore)/.test(text), `${path} silences the compiler`);
  }
});

Deno.test("no document, task or script asks for all permissions", async () => {
  const paths = (await projectFiles()).filter((path) => /\.(md|ya?ml|sh|service)$|^deno\.json$|^\.ci\//.test(path));
  assert(paths.includes("deno.json"));
  for (const path of paths) {
    const text = await readProjectFile(path);
    const found = /deno (run|serve|test|bench|compile|x)\b[^\n`]*\s(-A|--allow-all)\b/.exec(text)?.[0];
    assertEquals(found, undefined, path);
  }
});

Deno.test("no permission set holds everything, native code or remote imports", async () => {
  const { permissions } = await projectFile();
  for (const [name, set] of Object.entries(permissions)) {
    for (const kind of ["all", "ffi", "import"]) assertEquals(set[kind], undefined, `${name}.${kind}`);
  }
  assertExists(permissions["default"]);
});

Deno.test("the script that judges a checkout runs the README's test command", async () => {
  const readme = await readProjectFile("README.md");
  const script = await readProjectFile(".ci/run");
  const version = /npx --yes (deno@[\d.]+) task test/.exec(readme)?.[1];
  assertExists(version);
  assert(script.includes(`deno=(npx --yes ${version})`) && script.includes('"${deno[@]}" task test'));
});

/** The room that a file of the project belongs to. */
function roomOf(path: string): string {
  if (path === "main.ts") return "main";
  if (path === "src/worker.ts") return "worker";
  if (SHARED.includes(path)) return "shared";
  return /^src\/([^/]+)\//.exec(path)?.[1] ?? `unknown room of ${path}`;
}

function findCycle(next: ReadonlyMap<string, readonly string[]>): string[] | undefined {
  const done = new Set<string>();
  function walk(node: string, trail: readonly string[]): string[] | undefined {
    if (trail.includes(node)) return [...trail.slice(trail.indexOf(node)), node];
    if (done.has(node)) return undefined;
    for (const target of next.get(node) ?? []) {
      const cycle = walk(target, [...trail, node]);
      if (cycle) return cycle;
    }
    done.add(node);
    return undefined;
  }
  for (const start of next.keys()) {
    const cycle = walk(start, []);
    if (cycle) return cycle;
  }
  return undefined;
}
