import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { ConfigErrors, loadConfig } from "../../src/config/load.ts";

const word = fc.oneof(
  fc.constantFrom(
    "__proto__",
    "constructor",
    "models",
    "macros",
    "cmd",
    "worker",
    "proxy",
    "ttl",
    "aliases",
    "apiKeys",
    "routing",
    "${PORT}",
    "${a}",
    "${env.X}",
    "${MODEL_ID}",
    "http://h",
    "'",
    '"',
    "\\",
    "# c",
    "\t",
    "[",
    "{",
    "|",
    "&a",
    "*a",
    "<<",
    "startPort",
    "env",
    "metadata",
    "timeouts",
    "capabilities",
    "toString",
    "a",
  ),
  fc.string({ maxLength: 6 }),
);

const value: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  node: fc.oneof(
    { depthSize: "small" },
    word,
    fc.integer(),
    fc.double(),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie("node"), { maxLength: 3 }),
    fc.array(fc.tuple(word, tie("node")), { maxLength: 4 }).map((entries) => Object.fromEntries(entries)),
  ),
})).node;

const MODEL_KEYS = [
  "cmd",
  "worker",
  "proxy",
  "ttl",
  "aliases",
  "env",
  "macros",
  "metadata",
  "timeouts",
  "capabilities",
  "cmdStop",
  "unloadTimeout",
  "startTimeout",
  "permissions",
  "checkEndpoint",
  "filters",
  "typo",
];
const model = fc.dictionary(fc.constantFrom(...MODEL_KEYS), value, { maxKeys: 5 });
const config = fc.record({
  models: fc.oneof(fc.dictionary(word, fc.oneof(model, value), { maxKeys: 3 }), value),
  macros: value,
  startPort: value,
  apiKeys: value,
  routing: value,
  logLevel: value,
}, { requiredKeys: [] });

function survives(text: string): void {
  try {
    const { config, warnings } = loadConfig({
      texts: [{ text, file: "f" }],
      env: (name) => name === "X" ? "x" : undefined,
    });
    for (const one of config.models.values()) assert(one.command.length > 0 || one.worker !== null);
    warnings.map(String);
  } catch (error) {
    assert(error instanceof ConfigErrors, `${error instanceof Error ? error.stack : error}`);
    assert(error.issues.length > 0);
  }
  assertEquals(Object.keys(Object.prototype), []);
}

Deno.test("no structured config crashes the loader or touches a prototype", () => {
  fc.assert(fc.property(config, (tree) => survives(JSON.stringify(tree) ?? "")), { numRuns: 2000 });
});

Deno.test("no text crashes the loader", () => {
  const line = fc.tuple(
    fc.constantFrom("", "  ", "    ", "- "),
    word,
    fc.constantFrom(": ", ":", " ", ": |", ": &a ", ": *a"),
    word,
  );
  const text = fc.array(line.map((parts) => parts.join("")), { maxLength: 12 }).map((lines) => lines.join("\n"));
  fc.assert(fc.property(text, survives), { numRuns: 2000 });
});

Deno.test("texts made to be slow or deep are answered", () => {
  survives("[".repeat(200_000) + "${env.X}");
  survives("a: " + "[".repeat(2_000) + "'${env.X}'" + "]".repeat(2_000));
  survives("bogus: [${env.X}]" + " # ".repeat(500_000) + "'");
  survives("bogus: 1\nk" + " ".repeat(500_000) + "k");
});
