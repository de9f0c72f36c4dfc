import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { createConfigCache } from "../../src/config/cache.ts";
import { ConfigErrors } from "../../src/config/load.ts";
import { readInteger } from "../../src/config/numbers.ts";
import { configOf, keysOf, load, modelOf, models, refuse, warningsOf } from "./loading.ts";

Deno.test("a key without quotes is the text that is written, and no message shows it", () => {
  const keys = ["12345", "0123", "1e5", "true", "-7", "9007199254740993"];
  const { config, warnings } = load(`apiKeys: [${keys.join(", ")}]\n`);
  assertEquals(keysOf(config), keys);
  const told = warnings.map(String);
  assertEquals(told.length, keys.length);
  for (const key of keys) {
    assert(!told.some((line) => line.replace(/^c\.yaml:\d+:\d+: apiKeys\[\d\]/, "").includes(key)));
  }
  assertStringIncludes(told[0] ?? "", "c.yaml:1:11: apiKeys[0]: Kept as the text that is written: quote it");
  assertStringIncludes(told[1] ?? "", "which llama-swap reads as another one");
  const peer = (key: string) => `peers: {p: {proxy: "http://h", models: [m], apiKey: ${key}}}\n`;
  assertEquals(load(peer("0123")).config.peers.get("p")?.apiKey, "0123");
  assertEquals(warningsOf(peer("'0123'") + "macros: {k: 12}\n").filter((line) => line.includes("Kept")), []);
  assertEquals(load("macros: {k: 12}\n" + peer("'${k}'")).config.peers.get("p")?.apiKey, "12");
  for (const nothing of ["~", "", "null"]) refuse(`apiKeys: [a, ${nothing === "" ? "''" : nothing}]\n`, "apiKeys[1]");
  refuse("apiKeys: [[a]]\n", "apiKeys[0]: must be text");
});

Deno.test("an entry of env that is no variable is left out with a warning that does not show it", () => {
  const { config, warnings } = load(models(["m", 'env: [A=1, NAME, "", "=x", B=, [no]]']).replace(", [no]", ""));
  assertEquals(config.models.get("m")?.env, ["A=1", "B="]);
  assertEquals(
    warnings.map(String),
    [1, 2, 3].map((i, at) =>
      `c.yaml:4:${
        [16, 22, 26][at]
      }: models.m.env[${i}]: Not an environment variable: it is left out (expected NAME=value)`
    ),
  );
  refuse(models(["m", 'env: ["A=\\0"]']), "models.m.env[0]: not an environment variable: it holds a NUL");
});

Deno.test("standard tags are read, and one that does not fit is named", () => {
  const { config, warnings } = load(`
startPort: !!int 0x1000
globalTTL: !!float "5"
includeAliasesInList: !!bool true
logTimeFormat: !!null ~
apiKeys: !!seq [!!str 0123]
models: !!map
  m: { cmd: !!str "x \${PORT}", name: !!str 1.50, description: !!str }
`);
  const model = config.models.get("m");
  assertEquals(warnings, []);
  assertEquals([config.startPort, config.includeAliasesInList, keysOf(config)], [4096, true, ["0123"]]);
  assertEquals([model?.name, model?.description, model?.ttlS], ["1.50", "", 5]);
  refuse("startPort: !!int 6100\n", "c.yaml:1:", "!!int does not fit the value behind it: leave the tag out");
  refuse("logLevel: !!bool maybe\n", "!!bool does not fit");
});

Deno.test("0o17 is a number where one belongs, and a text where a text belongs", () => {
  const text = "startPort: 0o17500\nmacros: {n: 0o20}\n" +
    models(["m", "name: 0o17", "ttl: ${n}", "unloadTimeout: -0o0"]);
  const { startPort, models: byId } = configOf(text);
  assertEquals([startPort, byId.get("m")?.name, byId.get("m")?.ttlS], [8000, "0o17", 16]);
  refuse("startPort: 0o18\n", "startPort: must be a whole number");
  refuse("startPort: '17'\n", "startPort: must be a whole number");
});

Deno.test("whole numbers are read as YAML writes them, with all their digits", () => {
  const cases: readonly (readonly [text: string, value: bigint | null])[] = [
    ["0", 0n],
    ["-12", -12n],
    ["+1_000", 1000n],
    ["017", 15n],
    ["0o1_7", 15n],
    ["-0x1F", -31n],
    ["0b101", 5n],
    ["18446744073709551615", 18446744073709551615n],
    ["08", null],
    ["0o8", null],
    ["1e3", null],
    ["", null],
    ["0x", null],
    ["1.0", null],
    ["9".repeat(200), null],
  ];
  for (const [text, value] of cases) assertEquals(readInteger(text), value, text);
});

Deno.test("numbers beyond 2^53 keep their digits in texts, and lose none elsewhere in silence", () => {
  const macros = "macros: {id: 9007199254740993, low: -9007199254740993, even: 9007199254740994, far: 1e30}\n";
  const { config, warnings } = load(
    macros +
      models(["m", "name: 9007199254740993", "description: ${id} ${low} ${even} ${far}", "metadata: {a: '${id}'}"]),
  );
  const model = config.models.get("m");
  assertEquals(model?.name, "9007199254740993");
  assertEquals(model?.description, "9007199254740993 -9007199254740993 9007199254740994 1e+30");
  assertEquals(model?.metadata, { a: "9007199254740993" });
  assertEquals(warnings.map(({ path }) => path.join(".")), ["macros.id", "macros.low"]);
  const told = warningsOf(models(["m", "metadata: {a: [9007199254740993], b: 9007199254740992}"]));
  assertEquals(told.length, 1);
  assertStringIncludes(told[0] ?? "", "models.m.metadata.a[0]: Larger than a number that keeps all its digits");
});

Deno.test("macros with numbers as names are expanded in the order in which they are written", () => {
  const text = `macros: { b: x, "10": "\${b}1", "2": "\${10}2", a: "\${2}3" }\n` +
    models(["m", 'macros: {"3": "${a}", "1": "${3}"}', "name: ${1}"]);
  assertEquals(modelOf(text).name, "x123");
  refuse('macros: {"2": "${1}", "1": x}\n' + models(["m", "name: ${2}"]), "unknown macro '${1}'");
  const merged = `x-a: &a {"7": x, "5": "\${7}"}\nmacros: {"9": y, <<: *a, "1": "\${5}\${9}"}\n`;
  assertEquals(modelOf(merged + models(["m", "name: ${1}"])).name, "xy");
  const texts = [
    { file: "a.yaml", text: 'macros: {"9": x}\n' },
    { file: "b.yaml", text: 'macros: {"4": "${9}"}\n' + models(["m", "name: ${4}"]) },
  ];
  assertEquals(load("", { texts }).config.models.get("m")?.name, "x");
});

Deno.test("the order of such names counts after a reload, too", () => {
  const cache = createConfigCache();
  const nameOf = (macros: string) =>
    load(models(["m", `macros: ${macros}`, "name: '${1}'"]), { cache }).config.models.get("m")?.name;
  assertEquals(nameOf('{"2": a, "1": "${2}"}'), "a");
  assertThrows(() => nameOf('{"1": "${2}", "2": a}'), ConfigErrors, "unknown macro '${2}'");
  assertEquals(nameOf('{"2": a, "1": "${2}"}'), "a");
});

Deno.test("sets of a matrix with numbers as names keep their order, which breaks ties", () => {
  const first = (sets: string) => {
    const { router } = load(models("a", "b", "c") + `matrix: {sets: ${sets}}\n`).config;
    return router.kind === "matrix" ? [...router.sets.keys()] : [];
  };
  assertEquals(first('{"2": a & c, "1": a & b}'), ["2", "1"]);
  assertEquals(first('{"1": a & b, "2": a & c}'), ["1", "2"]);
  assertEquals(first('{z: b, "0": a}'), ["z", "0"]);
});

Deno.test("a model without a port is told once", () => {
  const error = refuse("startPort: 65535\n" + models("a", "b", "c"));
  assertEquals(error.issues.map(({ path }) => path.join(".")), ["models.b", "models.c"]);
});

Deno.test("W56: a literal placeholder is one that was written so, not one that macros bring together", () => {
  const declared = 'macros: {a: "$", x: y, b: "${x}$", d: "${b}${E_2}", lit: "$${E_2}", cost: 5}\n';
  for (const use of ["${a}${E_2}", "${d}", "${x}${a}${E_2}", "$$${a}${E_2}"]) {
    refuse(declared + models(["m", `name: '${use}'`]), "unknown macro '${E_2}'");
    refuse(declared + `logLevel: '${use}'\n`, "unknown macro '${E_2}'");
  }
  const nameOf = (name: string) => modelOf(declared + models(["m", `name: '${name}'`])).name;
  assertEquals(nameOf("${lit} $${E_3} ${a}$${E_2}"), "${E_2} ${E_3} $${E_2}");
  assertEquals(nameOf("$${cost} ${a}${cost} $$${cost}"), "$5 $5 $$5");
  refuse(models(["m", "name: '${PORT}${E}'", "macros: {p: '$'}"]), "unknown macro '${E}'");
  const config = configOf("macros: {cost: 5}\nui: {activity: {session_id: ['$${X} $${cost}']}}\n");
  assertEquals(config.sessionHeaders, ["${X} $5"]);
  const { aliases } = configOf("macros: {c: 5}\n" + models(["m", "filters: {setParamsByID: {'a$${c}': {t: 1}}}"]));
  assertEquals([...aliases.keys()], ["a$5"]);
});
