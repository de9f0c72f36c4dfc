/**
 * Random configs for the judge: written into a folder as a corpus, and Berth's verdicts compared with llama-swap's.
 *
 * Run: `deno run -P=test tools/judge/random.ts write FOLDER [SEED] [COUNT]`, then the judge on that folder, then
 * `deno run -P=test tools/judge/random.ts compare FOLDER VERDICTS`, which lists what differs.
 *
 * @module
 */

import { readCases, readVerdicts } from "../../tests/judge/cases.ts";
import { compare, judge } from "../../tests/judge/compare.ts";

/** Chance that can be had again from its seed (mulberry32). */
class Chance {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** From 0 to below `end`. */
  below(end: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % end;
  }

  /** One of them. */
  of<Item>(items: readonly [Item, ...Item[]]): Item {
    return items[this.below(items.length)] ?? items[0];
  }

  /** Some of them, in their order. */
  some<Item>(items: readonly Item[]): Item[] {
    return items.filter(() => this.below(2) === 0);
  }

  /** As many as `least` to `most` texts, joined. */
  text(make: () => string, [least, most]: readonly [number, number]): string {
    return Array.from({ length: least + this.below(most - least + 1) }, make).join("");
  }
}

type Files = Readonly<Record<string, string>>;

const SIGNS = [
  " ",
  " ",
  "\t",
  "\n",
  "\r",
  "'",
  '"',
  "\\",
  "\\\n",
  "#",
  "\n#",
  "$",
  "`",
  "a",
  "b-c",
  "=",
  "\u00a0",
  "é",
] as const;

function commands(chance: Chance): Files {
  const word = () => JSON.stringify(`serve ${chance.text(() => chance.of(SIGNS), [0, 14])}`);
  return { "config.yaml": `models: { a: { cmd: ${word()}, cmdStop: ${word()}, proxy: "http://localhost:1" } }\n` };
}

const NAMES = ["a", "b", "c", "d-1", "E_2"] as const;

function macros(chance: Chance): Files {
  const piece = () => {
    const kind = chance.below(20);
    if (kind < 10) return `\${${chance.of(NAMES)}}`;
    return chance.of(["${MODEL_ID}", "${PORT}", "${PID}", "x", "y z", "1", "$", "${", "}"]);
  };
  const values = (names: readonly string[]) =>
    JSON.stringify(Object.fromEntries(names.map((name, index) => {
      const earlier = names[chance.below(index + 1)];
      return [name, earlier === name ? chance.of(["v", 1, 2.5, true, "", -3, "01"]) : `\${${earlier}}${piece()}`];
    })));
  const model = (id: string) =>
    `  ${id}:\n    macros: ${values(chance.some(NAMES))}\n    cmd: ${JSON.stringify(`serve \${PORT} ${piece()}`)}\n` +
    `    cmdStop: ${JSON.stringify(`stop ${piece()}`)}\n    metadata: ${
      JSON.stringify({ k: piece(), l: [piece()] })
    }\n`;
  return { "config.yaml": `macros: ${values(NAMES)}\nmodels:\n${model("one")}${model("org/two:x")}` };
}

function matrices(chance: Chance): Files {
  const models = ["m0", "m1", "m2", "m3", "m4", "m5"] as const;
  const sets: string[] = [];
  const expression = (depth: number): string => {
    if (depth === 0) {
      return sets.length > 0 && chance.below(4) === 0 ? `+${sets[chance.below(sets.length)]}` : chance.of(models);
    }
    const parts = Array.from({ length: 2 + chance.below(2) }, () => expression(chance.below(depth)));
    return `(${parts.join(chance.of([" & ", " | "]))})`;
  };
  const lines = ["s0", "s1", "s2"].map((name) => {
    const line = `    ${name}: "${expression(1 + chance.below(3))}"`;
    sets.push(name);
    return line;
  });
  const asks = Array.from(
    { length: 6 },
    () => `# ask: ${JSON.stringify({ target: chance.of(models), running: chance.some(models) })}`,
  );
  const costs = chance.some(models).map((model) => `${model}: ${chance.of([1, 2, 10])}`);
  return {
    "config.yaml": [
      ...asks,
      "models:",
      ...models.map((model) => `  ${model}: { cmd: "serve \${PORT}" }`),
      `matrix:\n  evict_costs: { ${costs.join(", ")} }\n  sets:`,
      ...lines,
      "",
    ].join("\n"),
  };
}

const FRAGMENTS = [
  ["globalTTL: 5", "globalTTL:", "globalTTL: 6", "globalTTL: [5]"],
  ["apiKeys: [a]", 'apiKeys: [b, "c"]', "apiKeys:", "apiKeys: []", "apiKeys: x"],
  ["macros: { m: 1 }", "macros: { m: 1, n: x }", 'macros: { n: "y" }', "macros:", "macros: {}"],
  ['models: { a: { cmd: "serve ${PORT}" } }', 'models: { b: { cmd: "serve ${m} ${PORT}" } }', "models:", "models: {}"],
  ["logLevel: info", "logLevel: debug", 'logLevel: "info"', "logLevel:"],
  ["groups: { g: { members: [] } }", "groups: { h: { swap: false } }", "groups:"],
  ["ui: { activity: { session_id: [A] } }", "ui: { activity: { session_id: [B, C] } }", "ui:"],
  ["extra: { deep: { x: 1 } }", "extra: { deep: { y: [1] } }", "extra: { deep: 5 }", "extra: text"],
] as const;

function merging(chance: Chance): Files {
  const file = () => chance.some(chance.some(FRAGMENTS)).map((lines) => chance.of(lines)).join("\n") + "\n";
  return { "config.yaml": file(), "conf.d/a.yaml": file(), "conf.d/b.yaml": file() };
}

function environments(chance: Chance): Files {
  const plain = () => chance.text(() => chance.of(["a", "1", " ", "-", "$", "é", "${env.C}", "${MODEL_ID}"]), [0, 4]);
  const any = () => plain() + chance.of(["", '"', "\\", "'", "#", ": ", "\t", "{"]) + plain();
  const env = { A: any(), B: plain(), C: chance.of(["c", "", "16"]) };
  const name = () => `\${env.${chance.of(["A", "B", "B", "C"])}}`;
  return {
    "config.yaml": [
      `# env: ${JSON.stringify(env)}`,
      "models:",
      `  ${chance.of(["one", "m${env.C}"])}:`,
      `    cmd: "serve \${PORT} ${name()} ${name()}" # ${name()}`,
      `    name: "x${name()}\${env.A}"`,
      `    description: ${chance.of(["${env.B}", "x${env.B}y", "'${env.B}'"])}`,
      `    aliases: [${chance.of(["${env.C}", '"${env.A}z"', "z"])}]`,
      `    metadata: { k: ["${name()}", { d: "\${env.B}" }] }`,
      `    cmdStop: |\n      stop ${chance.of(["${env.B}", "${env.C}", "'${env.C}'"])}\n`,
      "",
    ].join("\n"),
  };
}

function write(folder: string, seed: number, count: number): void {
  const kinds = { commands, macros, matrices, merging, environments };
  for (const [kind, make] of Object.entries(kinds)) {
    const chance = new Chance(seed);
    for (let number = 0; number < count; number++) {
      for (const [name, text] of Object.entries(make(chance))) {
        const path = `${folder}/${kind}_${String(number).padStart(5, "0")}/${name}`;
        Deno.mkdirSync(path.slice(0, path.lastIndexOf("/")), { recursive: true });
        Deno.writeTextFileSync(path, text);
      }
    }
  }
}

function compareAll(folder: string, file: string): number {
  const verdicts = readVerdicts(file);
  const cases = readCases(folder);
  let different = 0;
  for (const one of cases) {
    const theirs = verdicts.get(one.name) ?? {};
    const ours = judge(one);
    const difference = compare(theirs, ours);
    if (difference === null) continue;
    different++;
    say(`${one.name}: ${JSON.stringify(difference)} ${ours.error ?? theirs.error ?? ""}`);
  }
  say(`${different} of ${cases.length} configs differ`);
  return different;
}

function say(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
}

const [task, folder, third, fourth] = Deno.args;
if (task === "write" && folder !== undefined) write(folder, Number(third ?? 1), Number(fourth ?? 1000));
else if (task === "compare" && folder !== undefined && third !== undefined) {
  Deno.exitCode = compareAll(folder, third) > 0 ? 1 : 0;
} else {
  say("usage: random.ts write FOLDER [SEED] [COUNT] | compare FOLDER VERDICTS");
  Deno.exitCode = 2;
}
