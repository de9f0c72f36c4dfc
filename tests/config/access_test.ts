import { assert, assertEquals, assertFalse } from "@std/assert";
import { differenceOf } from "../../src/config/difference.ts";
import { configOf, load, models, refuse, warningsOf } from "./loading.ts";

const MODELS = models("qwen", "gemma");
const NAMES = `${MODELS}
peers: {attic: {proxy: "http://attic", models: [llama, org/phi]}}
selectors: {fast: {strategy: pin, targets: [gemma, llama]}}
`;

Deno.test("a key that is a text may do everything, one that is a mapping what it says", () => {
  const { apiKeys } = configOf(
    NAMES +
      'apiKeys: [full, {key: "0123", name: chat, scopes: [models, inference], models: [qwen, llama], maxOpen: 2}]\n',
  );
  assertEquals(apiKeys, [
    {
      key: "full",
      name: null,
      scopes: new Set(["inference", "models", "logs", "operate", "config"] as const),
      models: null,
      maxOpen: null,
    },
    {
      key: "0123",
      name: "chat",
      scopes: new Set(["inference", "models"] as const),
      models: new Set(["qwen", "attic/llama"]),
      maxOpen: 2,
    },
  ]);
  const [bare] = configOf("apiKeys: [{key: k}]\n").apiKeys;
  assertEquals([bare?.scopes.size, bare?.models, bare?.maxOpen], [5, null, null]);
});

Deno.test("the models of a key are named as a client asks for them: id, alias, name of a peer's model, selector", () => {
  const modelsFor = (names: string) => {
    const text = NAMES.replace('  "qwen":', '  "qwen":\n    aliases: [alias]');
    return [...configOf(`${text}apiKeys: [{key: k, models: [${names}]}]\n`).apiKeys[0]?.models ?? []];
  };
  assertEquals(modelsFor("alias"), ["qwen"]);
  assertEquals(modelsFor("attic/org/phi, org/phi, qwen"), ["attic/org/phi", "qwen"]);
  assertEquals(modelsFor("fast"), ["gemma", "attic/llama"]);
});

Deno.test("the text of a key may come from the environment or a macro", () => {
  const text = 'macros: {m: "b"}\napiKeys: [{key: "${env.K}", name: "from ${m}"}]\n';
  const [key] = load(text, { env: (name) => name === "K" ? "secret1" : undefined }).config.apiKeys;
  assertEquals([key?.key, key?.name], ["secret1", "from b"]);
});

Deno.test("what is wrong with a key is told with its place and the nearest right name, and never shows the key", () => {
  const cases: readonly (readonly [entry: string, ...parts: string[]])[] = [
    ["{key: hunter22, scopes: [inferrence]}", "apiKeys[0].scopes[0]: unknown scope", 'Did you mean "inference"?'],
    ["{key: hunter22, scopes: []}", "apiKeys[0].scopes: must not be empty"],
    ["{key: hunter22, models: []}", "apiKeys[0].models: must not be empty"],
    ["{key: hunter22, models: [qwem]}", 'apiKeys[0].models[0]: apiKeys[0] references unknown model "qwem"', '"qwen"'],
    ["{key: hunter22, maxOpen: -1}", "apiKeys[0].maxOpen: must be >= 0"],
    ["{key: hunter22, maxOpen: many, scopes: [x]}", "apiKeys[0].maxOpen: must be a whole number", "unknown scope"],
    ["{key: hunter 22}", "apiKeys[0].key: api key cannot contain spaces"],
    ["{key: [hunter22]}", "apiKeys[0].key: must be text"],
    ["{name: nobody}", "apiKeys[0]: empty api key found in apiKeys", "needs a key"],
    ["{key: '', name: nobody}", "apiKeys[0]"],
    ["[hunter22]", "apiKeys[0]: must be text or a mapping with key"],
    ["hunter22, {key: hunter22, scopes: [logs]}", "apiKeys[1]: is the same key as apiKeys[0]"],
    ["{key: hunter22, scopes: {a: b}}", "apiKeys[0].scopes: must be a list"],
  ];
  for (const [entry, ...parts] of cases) {
    const error = refuse(`${NAMES}apiKeys: [${entry}]\n`, ...parts);
    assertFalse(error.message.includes("hunter"), error.message);
  }
  assertEquals(warningsOf("apiKeys: [hunter22, hunter22]\n"), [
    "c.yaml:1:21: apiKeys[1]: is the same key as apiKeys[0]",
  ]);
  const [unknown = ""] = warningsOf("apiKeys: [{key: hunter22, scope: [logs]}]\n");
  assert(unknown.includes('apiKeys[0].scope: Unknown key "scope" is ignored. Did you mean "scopes"?'), unknown);
});

Deno.test("another right of a key is a change of the config", () => {
  const of = (key: string) => configOf(`${NAMES}apiKeys: [{key: k, ${key}}]\n`);
  for (const [a, b] of [["scopes: [logs]", "scopes: [config]"], ["models: [qwen]", "models: [gemma]"]] as const) {
    assertEquals(differenceOf(of(a), of(b)).settings, ["apiKeys"]);
    assertEquals(differenceOf(of(a), of(a)).isAny, false);
  }
});

Deno.test("cors.origins: origins, patterns, null and *, in lower case; nothing said is null", () => {
  assertEquals(configOf("logLevel: info\n").cors, { origins: null });
  assertEquals(configOf("cors: {origins: }\n").cors, { origins: null });
  assertEquals(configOf("cors: {origins: []}\n").cors, { origins: [] });
  const origins = [
    "https://Chat.example.com",
    "http://h:3000",
    "https://*.a.b",
    "chrome-extension://*",
    "null",
    "http://[::1]:1",
  ];
  assertEquals(configOf(`cors: {origins: ${JSON.stringify(origins)}}\n`).cors, {
    origins: origins.map((origin) => origin.toLowerCase()),
  });
  for (const wrong of ["https://h/", "https://h/path", "h", "https://", "https://a.*.b", "https://h:x", "//h", " *"]) {
    refuse(`cors: {origins: [${JSON.stringify(wrong)}]}\n`, "cors.origins[0]: not an origin");
  }
  refuse("cors: {origins: [h.example]}\n", "not an origin: a scheme belongs to it");
  refuse("cors: {origins: [https://h/]}\n", "not an origin: no path belongs to it");
  refuse("cors: {origins: [https://h/]}\n", 'Did you mean "https://h"?');
});

Deno.test("a gateway that any page may use is warned of, unless it wants a key", () => {
  assert(warningsOf("cors: {origins: ['*']}\n")[0]?.includes("ANY web page"));
  assertEquals(warningsOf("cors: {origins: ['*']}\napiKeys: [k]\n"), []);
});

Deno.test("allowedHosts: names and patterns in lower case, without scheme and port", () => {
  assertEquals(configOf("allowedHosts: [LLM.example.com, '*.lan', '*']\n").allowedHosts, [
    "llm.example.com",
    "*.lan",
    "*",
  ]);
  for (const wrong of ["http://h", "h:8080", "h/p", "", "a b", "*.", "a.*"]) {
    refuse(`allowedHosts: [${JSON.stringify(wrong)}]\n`, "allowedHosts[0]: not the name of a host");
  }
  refuse("allowedHosts: [http://h:8080/x]\n", 'Did you mean "h"?');
});

Deno.test("limits.openRequestsPerKey is off unless given", () => {
  assertEquals(configOf("logLevel: info\n").limits.openRequestsPerKey, 0);
  assertEquals(configOf("limits: {openRequestsPerKey: 8}\n").limits.openRequestsPerKey, 8);
  refuse("limits: {openRequestsPerKey: -1}\n", "must be >= 0");
});
