import { assert, assertEquals } from "@std/assert";
import { parse } from "@std/yaml";
import { type ConfigCache, createConfigCache } from "../../src/config/cache.ts";
import { ConfigErrors, type ConfigIssue, loadConfig, type LoadedConfig } from "../../src/config/load.ts";
import type { ConfigText } from "../../src/config/sources.ts";
import { createKeyFinder } from "../../src/config/key_lines.ts";
import { createLocator } from "../../src/config/positions.ts";
import { copyTree } from "../../src/config/tree.ts";
import { createRandom, ENVIRONMENT, randomConfig } from "./random_config.ts";

const CASES = 50_000;

interface Told {
  readonly issues: readonly ConfigIssue[];
  readonly loaded: LoadedConfig | null;
}

const OWN_NAMES = [Object.prototype, Array.prototype, Function.prototype, String.prototype]
  .map((prototype) => [prototype, Reflect.ownKeys(prototype).length] as const);

function load(texts: readonly ConfigText[], cache?: ConfigCache): Told & { readonly lookUps: number } {
  let lookUps = 0;
  const env = (name: string) => (lookUps++, Object.hasOwn(ENVIRONMENT, name) ? ENVIRONMENT[name] : undefined);
  try {
    const loaded = loadConfig({ texts, env, ...(cache === undefined ? {} : { cache }) });
    return { issues: loaded.warnings, loaded, lookUps };
  } catch (error) {
    assert(error instanceof ConfigErrors, error instanceof Error ? error.stack : String(error));
    assert(error.issues.length > 0, "an error without an issue");
    return { issues: error.issues, loaded: null, lookUps };
  }
}

function judge(texts: readonly ConfigText[]): Told {
  const { issues, loaded, lookUps } = load(texts);
  const lines = new Map(texts.map(({ file, text }) => [file, text.split(/\r\n?|\n/).length]));
  for (const issue of issues) {
    const told = String(issue);
    const last = lines.get(issue.file);
    if (last === undefined) throw new Error(`no file: ${told}`);
    assert(issue.line >= 0 && issue.column >= 0 && issue.message.length > 0 && issue.line <= last, told);
    if (/sEcReT|9081726354|[\uF7F0\uF7F1]/.test(told)) throw new Error(`a secret or a mark: ${told}`);
  }
  // Each variable is looked up once for a file, however often it is named.
  assert(lookUps <= texts.length * (Object.keys(ENVIRONMENT).length + 1), `${lookUps} look-ups`);
  for (const model of loaded?.config.models.values() ?? []) {
    assert(model.command.length > 0 || model.worker !== null);
    assert(!JSON.stringify(model).includes("\uF7F0"));
  }
  for (const [prototype, count] of OWN_NAMES) assert(Reflect.ownKeys(prototype).length === count);
  return { issues, loaded };
}

Deno.test("no config that the schema's keys can make crashes the loader, tells a secret or touches a prototype", () => {
  let [accepted, refused] = [0, 0];
  for (let seed = 1; seed <= CASES; seed++) {
    const texts = randomConfig(createRandom(seed));
    try {
      judge(texts).loaded === null ? refused++ : accepted++;
    } catch (error) {
      throw new Error(`seed ${seed}:\n${texts.map(({ text }) => text).join("\n=====\n")}`, { cause: error });
    }
  }
  // A generator that makes only nonsense, or only what is right, proves little.
  assert(accepted > CASES / 20 && refused > CASES / 20, `${accepted} accepted, ${refused} refused`);
});

Deno.test("a load that takes over what did not change says and gives the same as one that does not", () => {
  const cache = createConfigCache();
  let recalled = 0;
  for (let seed = 1; seed <= 1500; seed++) {
    const texts = randomConfig(createRandom(seed)).map(({ file, text }) => ({
      file,
      text: text.replace(/^\uFEFF?(?=[a-z'"])/, 'x-a: 1\n"x-b": 0x2\n'),
    }));
    // The same once more, a number written otherwise, another number, and another order.
    for (
      const [from, to] of [["", ""], ["1", "01"], ["01", "2"], ["x-a: 1", "startPort: 6000"], ["0x2", "2"]] as const
    ) {
      const changed = texts.map(({ file, text }) => ({ file, text: from === "" ? text : text.replaceAll(from, to) }));
      const known = new Set(cache.models.values());
      assertEquals(resultOf(changed, cache), resultOf(changed), `seed ${seed} with ${to} for ${from}`);
      for (const entry of cache.models.values()) if (known.has(entry)) recalled++;
    }
  }
  assert(recalled > 500, `${recalled} models were taken over`);
});

function resultOf(texts: readonly ConfigText[], cache?: ConfigCache): string {
  const { issues, loaded } = load(texts, cache);
  const plain = (_: string, value: unknown) => value instanceof Map ? [...value] : value;
  return JSON.stringify([issues.map(String), loaded?.config], plain, 1);
}

Deno.test("every part of a random document is found where it stands", () => {
  let [parts, byLines] = [0, 0];
  for (let seed = 1; seed <= 4000; seed++) {
    const text = randomConfig(createRandom(seed))[0]?.text.replace("\uFEFF", "") ?? "";
    let tree: unknown;
    try {
      tree = copyTree(parse(text, { schema: "core" }));
    } catch {
      continue;
    }
    const locator = createLocator(text);
    const findKey = createKeyFinder(text, () => tree);
    const visit = (node: unknown, path: readonly (string | number)[], above: number) => {
      const offset = locator.offsetOf(path);
      assert(path.length === 0 || offset >= 0, `seed ${seed}: ${path.join(".")} is not found`);
      const quick = findKey(path);
      if (quick !== undefined) {
        assertEquals(quick, offset, `seed ${seed}: ${path.join(".")}`);
        byLines++;
      }
      const key = path.at(-1);
      if (typeof key === "string" && /^[a-z]+$/i.test(key)) {
        assert(
          /^["']?/.exec(text.slice(offset)) && text.slice(offset).replace(/^["']/, "").startsWith(key),
          `seed ${seed}: ${path}`,
        );
      }
      if (above !== offset) parts++;
      if (typeof node !== "object" || node === null) return;
      for (const [name, item] of Object.entries(node)) {
        visit(item, [...path, Array.isArray(node) ? Number(name) : name], offset);
      }
    };
    visit(tree, [], -1);
  }
  assert(parts > 10_000, `${parts} parts`);
  assert(byLines > 1000, `${byLines} found by their lines alone`);
});

Deno.test("no text crashes the loader", () => {
  const words = [
    "__proto__",
    "models",
    "macros",
    "cmd",
    "${PORT}",
    "${a}",
    "${env.NUMBER}",
    "'",
    '"',
    "\\",
    "# c",
    "\t",
    "[",
    "{",
    "|",
    ">",
    "&a",
    "*a",
    "<<",
    "a",
    "-",
    "?",
    "!!str",
    "...",
    "---",
    "%YAML 1.2",
    "\u0085",
    "~",
  ];
  const joints = [": ", ":", " ", ": |", ": &a ", ": *a", "\n", "\n  ", "\n    ", "\n- ", ", "];
  const random = createRandom(7);
  const pick = (items: readonly string[]) => items[Math.floor(random() * items.length)] ?? "";
  for (let i = 0; i < 10_000; i++) {
    const text = Array.from({ length: 1 + Math.floor(random() * 12) }, () => pick(words) + pick(joints)).join("");
    judge([{ file: "f", text }]);
  }
});

/** Each many times, in each of these places. No clock is asked: what costs the square of this would not end. */
const RUNS = [
  "\n",
  "\r",
  " ",
  "\t",
  "a",
  "# ",
  "\n#",
  "'",
  '"',
  "\\",
  "${",
  "$${a}",
  "${env.NUMBER}",
  "- ",
  "? ",
  "] ",
  ": ",
];
const AROUND = [
  ["models: {}\n", "\n"],
  ["models:\n  a:\n    cmd: |\n      x ${PORT}\n      ", "\n"],
  ["bogus: 'a", "'\nmodels: {}\n"],
] as const;

Deno.test("a long run of anything is answered, wherever it stands", () => {
  for (const run of RUNS) {
    for (const [before, after] of AROUND) judge([{ file: "f", text: before + run.repeat(100_000) + after }]);
  }
});

Deno.test("many of a kind are answered", () => {
  const many = (count: number, part: (i: number) => string) =>
    Array.from({ length: count }, (_, i) => part(i)).join("");
  const model = "models: {a: {cmd: 'x ${PORT}'}}\n";
  for (
    const text of [
      many(15_000, (i) => `x-${i}: &a${i} {<<: *a${Math.max(0, i - 1)}}\n`).replace("<<: *a0", ""),
      `models:\n  a:\n    aliases:\n${many(20_000, () => "      - {a: 1}\n      - same\n")}    cmd: x \${PORT}\n`,
      `models:\n${many(5000, (i) => `  m-${i}: {cmd: x \${PORT}}\n`)}groups: {g: {members: [${
        many(20_000, (i) => `m_${i}x, `)
      }]}}\n`,
      `${model}bogus: [${many(20_000, (i) => `\${env.NO_${i}}, `)}]]\n`,
      `${model}matrix: {vars: {q: "\${env.NO}"}, sets: {s: "${many(20_000, (i) => `m${i} | `)}a"}}\n`,
      `models: {${"k".repeat(500_000)}: {cmd: x, metadata: [${many(20_000, () => "'${q}', ")}]}}\n`,
      `models: {${"k".repeat(500_000)}: {cmd: x, aliases: [${many(20_000, () => "{a: 1}, ")}]}}\n`,
      `groups: {${"k".repeat(500_000)}: {members: [${many(20_000, () => "a, ")}]}}\n${model}`,
    ]
  ) judgeAny(text);
});

function judgeAny(text: string): void {
  const { issues } = load([{ file: "f", text }]);
  for (const issue of issues) assert(String(issue).length < 5000);
}

Deno.test("texts made to be slow or deep are answered", () => {
  for (
    const text of [
      "[".repeat(200_000) + "${env.NUMBER}",
      "a: " + "[".repeat(2_000) + "'${env.NUMBER}'" + "]".repeat(2_000),
      "bogus: [${env.NUMBER}]" + " # ".repeat(500_000) + "'",
      "bogus: 1\nk" + " ".repeat(500_000) + "k",
    ]
  ) judge([{ file: "f", text }]);
});
