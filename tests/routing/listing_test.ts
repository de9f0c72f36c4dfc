import { assertEquals, assertExists, assertFalse } from "@std/assert";
import { findRecord, listRecords, type ModelRecord, type RecordFacts } from "../../src/routing/listing.ts";
import { modelStatus } from "../../src/routing/model_status.ts";
import { models } from "../config/loading.ts";
import { FIFO, Naming, refusalOf } from "./naming.ts";

const CREATED_S = 1_700_000_000;

const MODELS = models(
  ["both", "name: Both", "description: ' '", "aliases: [twin, ' spaced ']", "metadata: {k: [1], type: mine}"],
  ["hidden", "unlisted: true", "aliases: [hush]"],
  "org/plain",
);
const PEERS = `peers:
  p: {proxy: 'http://p', models: [far, both]}
  q: {proxy: 'http://q', models: [both]}
`;

function records(naming: Naming, facts: Partial<RecordFacts> = {}): readonly ModelRecord[] {
  return listRecords(naming.config, factsOf(naming, facts));
}

function factsOf(naming: Naming, facts: Partial<RecordFacts> = {}): RecordFacts {
  const { activeProfile } = naming.names;
  return { phaseOf: naming.phaseOf, createdS: CREATED_S, activeProfile, ...facts };
}

function ids(list: readonly ModelRecord[]): readonly string[] {
  return list.map(({ id }) => id);
}

function find(naming: Naming, name: string, facts: Partial<RecordFacts> = {}): ModelRecord {
  return findRecord(naming.config, name, factsOf(naming, facts));
}

Deno.test("SV1: the list leaves unlisted models out and shows peers' models by their full names, sorted", () => {
  assertEquals(ids(records(new Naming(MODELS + PEERS))), ["both", "org/plain", "p/both", "p/far", "q/both"]);
});

Deno.test("SV2: one name here and on two peers is three entries, in the list and in the states", () => {
  const naming = new Naming(MODELS + PEERS);
  const isBoth = ({ id }: { readonly id: string }) => /(^|\/)both$/.test(id);
  assertEquals(ids(records(naming).filter(isBoth)), ["both", "p/both", "q/both"]);
  const states = modelStatus(naming.config, { phaseOf: naming.phaseOf }).filter(isBoth);
  assertEquals(states.map(({ id, peerID, state }) => [id, peerID, state]), [
    ["both", "", "stopped"],
    ["p/both", "p", ""],
    ["q/both", "q", ""],
  ]);
});

Deno.test("SV3: aliases are listed only when the config says so, trimmed, as their model otherwise", () => {
  assertFalse(ids(records(new Naming(MODELS))).includes("twin"));
  const list = records(new Naming(MODELS + "includeAliasesInList: true\n"));
  assertEquals(ids(list), ["both", "org/plain", "spaced", "twin"]);
  const [model, , , alias] = list;
  assertExists(model);
  assertEquals(alias, {
    ...model,
    id: "twin",
    meta: { llamaswap: { k: [1], type: "alias", modelID: "both" } },
  });
});

Deno.test("an alias that is a model's id leads nowhere by itself, and is not listed beside the model", () => {
  const naming = new Naming(models(["a", "aliases: [b]"], "b") + "includeAliasesInList: true\n");
  assertEquals(records(naming).map(({ id, meta }) => [id, meta.llamaswap["type"]]), [["a", "model"], ["b", "model"]]);
});

Deno.test("SV4: a running model and its alias are loaded, in any state but stopped; peers never are", () => {
  const naming = new Naming(MODELS + PEERS + "includeAliasesInList: true\n");
  for (const phase of ["stopped", "starting", "ready", "stopping"] as const) {
    naming.set({ both: phase });
    const states = Object.fromEntries(records(naming).map(({ id, status }) => [id, status]));
    const value = phase === "stopped" ? "unloaded" : "loaded";
    assertEquals([states.both, states.twin, states["p/both"], states["org/plain"]], [
      { value },
      { value },
      { value: "unloaded" },
      { value: "unloaded" },
    ]);
  }
});

Deno.test("a record has the keys of the spec in their order, empty ones left out, and internal keys win over metadata", () => {
  const [both, , , far] = records(new Naming(MODELS + PEERS));
  assertEquals(
    JSON.stringify(both),
    `{"id":"both","object":"model","created":${CREATED_S},"owned_by":"llama-swap","name":"Both",` +
      `"meta":{"llamaswap":{"k":[1],"type":"model","aliases":["twin"," spaced "]}},"status":{"value":"unloaded"}}`,
  );
  const [full] = records(
    new Naming(models(["m", "name: N", "description: D", "capabilities: {in: [text], tools: true, context: 1}"])),
  );
  assertEquals(
    Object.keys(full ?? {}).join(" "),
    "id object created owned_by name description architecture capabilities supported_parameters context_length meta status",
  );
  assertEquals(far, {
    id: "p/far",
    object: "model",
    created: CREATED_S,
    owned_by: "llama-swap",
    name: "p: far",
    meta: { llamaswap: { type: "peer", peerID: "p" } },
    status: { value: "unloaded" },
  });
});

/** What a model with these capabilities says about itself. */
function described(capabilities: string): Readonly<Record<string, unknown>> {
  const naming = new Naming(models(["m", `capabilities: {${capabilities}}`]));
  const [record] = records(naming);
  assertExists(record);
  const { architecture, capabilities: flags, supported_parameters, context_length, meta } = record;
  return { architecture, flags, supported_parameters, context_length, meta };
}

Deno.test("SV20: all capabilities", () => {
  assertEquals(described("in: [text, image], out: [text, audio], tools: true, context: 8192"), {
    architecture: {
      modality: "text+image->text+audio",
      input_modalities: ["text", "image"],
      output_modalities: ["text", "audio"],
    },
    flags: { vision: true, audio_speech: true, function_calling: true },
    supported_parameters: ["tools", "tool_choice"],
    context_length: 8192,
    meta: { llamaswap: { type: "model" }, n_ctx: 8192 },
  });
});

Deno.test("SV21: input alone says nothing about output", () => {
  const { architecture, flags } = described("in: [text, image]");
  assertEquals([architecture, flags], [{ input_modalities: ["text", "image"] }, { vision: true }]);
});

Deno.test("SV22: output alone sets no flags", () => {
  const { architecture, flags } = described("out: [text, audio, image]");
  assertEquals([architecture, flags], [{ output_modalities: ["text", "audio", "image"] }, undefined]);
});

Deno.test("SV23: tools, reranker or context alone make no architecture", () => {
  for (const one of ["tools: true", "reranker: true", "context: 5"]) {
    assertEquals(described(one).architecture, undefined);
  }
  assertEquals(described("reranker: true").flags, { reranker: true });
  assertEquals(described("context: 5").flags, undefined);
});

Deno.test("SV24: pairs of input and output are flags", () => {
  assertEquals(described("in: [audio], out: [text]").flags, { audio_transcriptions: true });
  assertEquals(described("in: [text], out: [image]").flags, { image_generation: true });
  assertEquals(described("in: [image], out: [image]").flags, { vision: true, image_to_image: true });
});

Deno.test("SV25: empty capabilities are not told", () => {
  assertEquals(described("in: [], out: [], tools: false, context: 0"), {
    architecture: undefined,
    flags: undefined,
    supported_parameters: undefined,
    context_length: undefined,
    meta: { llamaswap: { type: "model" } },
  });
});

Deno.test("SV26: metadata may use the names of capabilities only where none are configured", () => {
  const metadata = "metadata: {architecture: x, capabilities: x, supported_parameters: x, context_length: x, kept: x}";
  const told = (capabilities: string) => records(new Naming(models(["m", metadata, capabilities])))[0]?.meta;
  assertEquals(told("capabilities: {tools: true}"), { llamaswap: { kept: "x", type: "model" } });
  assertEquals(told("capabilities: {tools: false}"), {
    llamaswap: {
      architecture: "x",
      capabilities: "x",
      supported_parameters: "x",
      context_length: "x",
      kept: "x",
      type: "model",
    },
  });
});

Deno.test("SV27: the states tell capability flags and context, and leave out what is not configured", () => {
  const { config, phaseOf } = new Naming(
    models(["able", "capabilities: {tools: true, context: 9}", "aliases: [x]", "name: N"], ["b", "unlisted: true"]) +
      PEERS,
    { b: "starting" },
  );
  assertEquals(modelStatus(config, { phaseOf }).slice(0, 3), [
    {
      id: "able",
      name: "N",
      description: "",
      state: "stopped",
      unlisted: false,
      peerID: "",
      aliases: ["x"],
      capabilities: { function_calling: true },
      context_length: 9,
    },
    { id: "b", name: "", description: "", state: "starting", unlisted: true, peerID: "" },
    { id: "p/both", name: "", description: "", state: "", unlisted: false, peerID: "p" },
  ]);
});

const PROFILES = `profiles:
  day:
    pins: {llm: both, off: '', both: org/plain, twin: org/plain, hush: both, hidden: both, far: both, s: both, gone: hidden}
`;
const PIN = "selectors: {s: {strategy: pin, targets: [both]}}\n";

Deno.test("SV98: names that only the active profile has are listed as such; no other entry changes, nor do the states", () => {
  const naming = new Naming(MODELS + PEERS + PROFILES + PIN);
  const before = records(naming);
  const states = modelStatus(naming.config, naming);
  naming.activate("day");
  const after = records(naming);
  const added = after.filter(({ id }) => !ids(before).includes(id));
  assertEquals(ids(added), ["gone", "llm"]);
  for (const { name, meta, status } of added) {
    assertEquals([name, meta, status], [undefined, { llamaswap: { type: "profile" } }, { value: "unloaded" }]);
  }
  assertEquals(after.filter(({ id }) => ids(before).includes(id)), before);
  assertEquals(modelStatus(naming.config, naming), states);
});

Deno.test("SV110: a selector is listed with all it says; starting counts as loaded; pin looks at its first target", () => {
  const naming = new Naming(
    models("a", "b", "c") + "groups: {g: {swap: false, members: [a, b]}}\n" + FIFO + `selectors:
  full: {strategy: warm, targets: [a, b], name: Full, description: All, metadata: {k: 1, strategy: x}}
  pin: {strategy: pin, targets: [a, b]}
  spill: {strategy: spillover, targets: [a, b], settings: {spillover: 3}}
  secret: {strategy: pin, targets: [a], unlisted: true}
`,
    { b: "starting" },
  );
  const selectors = () => records(naming).filter(({ id }) => id.length > 1);
  assertEquals(ids(selectors()), ["full", "pin", "spill"]);
  assertEquals(selectors()[0], {
    id: "full",
    object: "model",
    created: CREATED_S,
    owned_by: "llama-swap",
    name: "Full",
    description: "All",
    meta: { llamaswap: { k: 1, strategy: "warm", type: "selector", targets: ["a", "b"] } },
    status: { value: "loaded" },
  });
  assertEquals(selectors()[2]?.meta, {
    llamaswap: { type: "selector", strategy: "spillover", targets: ["a", "b"], spillover: 3 },
  });
  const loaded = () => selectors().map(({ status }) => status.value);
  assertEquals(loaded(), ["loaded", "unloaded", "loaded"]);
  naming.set({ a: "ready", b: "stopped" });
  assertEquals(loaded(), ["loaded", "loaded", "loaded"]);
  naming.set({ a: "stopping" });
  assertEquals(loaded(), ["unloaded", "unloaded", "unloaded"]);
});

Deno.test("one name is found whether it is listed or not, under the name that was asked for", () => {
  const naming = new Naming(MODELS + PEERS + PROFILES + PIN);
  naming.activate("day");
  const rows = [
    ["both", "both", "model"],
    ["both:latest", "both", "model"],
    ["hidden", "hidden", "model"],
    ["hush", "hush", "alias"],
    [" spaced ", " spaced ", "alias"],
    ["org/plain", "org/plain", "model"],
    ["p/both", "p/both", "peer"],
    ["far", "far", "peer"],
    ["s", "s", "selector"],
    ["llm", "llm", "profile"],
  ] as const;
  for (const [name, id, type] of rows) {
    const record = find(naming, name);
    assertEquals([record.id, record.meta.llamaswap["type"]], [id, type]);
  }
  for (const name of ["", "nobody", "off", "Both", "both:7b", "__proto__"]) {
    refusalOf(() => find(naming, name), "unknown_model");
  }
  naming.activate(null);
  refusalOf(() => find(naming, "llm"), "unknown_model");
});

Deno.test("what somebody may not use is neither listed nor found, whatever it is called", () => {
  const naming = new Naming(
    MODELS + PEERS + "includeAliasesInList: true\n" + `profiles:
  day: {pins: {ours: both, theirs: org/plain, choice: any, 'org/plain': p/far}}
selectors:
  first: {strategy: pin, targets: [both, org/plain]}
  any: {strategy: warm, targets: [both, org/plain]}
`,
  );
  const only = (...allowed: readonly string[]) => ({ mayUse: (model: string) => allowed.includes(model) });
  assertEquals(ids(records(naming, only("both"))), ["both", "first", "spaced", "twin"]);
  assertEquals(ids(records(naming, only("p/both"))), ["p/both"]);
  assertEquals(ids(records(naming, only("both", "org/plain"))), [
    "any",
    "both",
    "first",
    "org/plain",
    "spaced",
    "twin",
  ]);
  assertEquals(records(naming, only()), []);
  for (const name of ["org/plain", "any", "p/both", "far", "hush"]) {
    refusalOf(() => find(naming, name, only("both")), "unknown_model");
  }
  naming.activate("day");
  // A pin is what it leads to: a name that is there already may lead to what must not be used.
  assertEquals(
    ids(records(naming, only("both", "org/plain"))),
    [
      "any",
      "both",
      "choice",
      "first",
      "ours",
      "spaced",
      "theirs",
      "twin",
    ],
  );
  assertEquals(ids(records(naming, only("p/far"))), ["org/plain", "p/far"]);
  const states = modelStatus(naming.config, { ...naming, ...only("both", "q/both") });
  assertEquals(states.map(({ id }) => id), ["both", "q/both"]);
});
