import { assertEquals, assertStringIncludes } from "@std/assert";
import { configOf, load, modelOf, models, refuse, warningsOf } from "./loading.ts";

const withLines = (...lines: readonly string[]) => models(["m", ...lines]);

Deno.test("CD21: a model's own sendLoadingState wins over the global one, either way", () => {
  const { models: byId } = configOf("sendLoadingState: true\n" + models(["a", "sendLoadingState: false"], "b"));
  assertEquals([byId.get("a")?.sendLoadingState, byId.get("b")?.sendLoadingState], [false, true]);
  assertEquals(modelOf(withLines("sendLoadingState: yes")).sendLoadingState, true);
});

Deno.test("G7: keep-alives are off unless asked for; a model's own interval wins over the global one, either way", () => {
  const { models: byId } = configOf(
    "queueKeepAlive: 10\n" + models(["a", "queueKeepAlive: 0"], "b", ["c", "queueKeepAlive: 1m"]),
  );
  assertEquals(["a", "b", "c"].map((id) => byId.get(id)?.queueKeepAliveMs), [null, 10_000, 60_000]);
  assertEquals(modelOf(withLines()).queueKeepAliveMs, null);
  assertStringIncludes(refuse(withLines("queueKeepAlive: 50ms")).message, "must be 0 or at least 0.1 seconds");
});

Deno.test("CD22: comfyui_auto may have at least 50 requests, and its websockets are ignored", async (t) => {
  const cases = [["", 50], ["concurrencyLimit: 10", 50], ["concurrencyLimit: 50", 50], ["concurrencyLimit: 60", 60]];
  for (const [line, limit] of cases) {
    await t.step(String(line), () => {
      const { models: byId } = configOf(
        models(["comfyui_auto", String(line), "compat: {ignoreWebsockets: false}"], "other"),
      );
      assertEquals(byId.get("comfyui_auto")?.concurrencyLimit, limit);
      assertEquals(byId.get("comfyui_auto")?.ignoreWebsockets, true);
      assertEquals([byId.get("other")?.concurrencyLimit, byId.get("other")?.ignoreWebsockets], [null, false]);
    });
  }
});

Deno.test("CD23: websockets are ignored when the model says so", () => {
  assertEquals(modelOf(withLines("compat: {ignoreWebsockets: true}")).ignoreWebsockets, true);
  assertEquals(modelOf(withLines()).ignoreWebsockets, false);
});

Deno.test("CD24: capabilities that say nothing count as none", async (t) => {
  const cases: readonly [string, unknown][] = [
    ["{in: [text, image], out: [text], tools: true, reranker: true, context: 8}", {
      in: ["text", "image"],
      out: ["text"],
      tools: true,
      reranker: true,
      context: 8,
    }],
    ["{in: [audio]}", { in: ["audio"] }],
    ["{tools: false}", null],
    ["{reranker: false}", null],
    ["{reranker: true}", { reranker: true }],
    ["{}", null],
    ["", null],
  ];
  for (const [block, expected] of cases) {
    await t.step(block, () => assertEquals(modelOf(withLines(`capabilities: ${block}`)).capabilities, expected));
  }
});

Deno.test("CD25: a wrong modality or context is named with its value", () => {
  refuse(withLines("capabilities: {in: [video]}"), "capabilities.in[0]: invalid modality", 'found the text "video"');
  refuse(withLines("capabilities: {out: [text, smell]}"), "capabilities.out[1]: invalid modality");
  refuse(withLines("capabilities: {context: -1}"), "capabilities.context must be >= 0 (found -1)");
});

Deno.test("CD26: capabilities may be merged from an anchor", () => {
  const text = "x-caps: &caps {in: [text], context: 10}\n" + withLines("capabilities: {<<: *caps, context: 20}");
  assertEquals(modelOf(text).capabilities, { in: ["text"], context: 20 });
});

Deno.test("CX28: macros give modalities, numbers and booleans to capabilities", () => {
  const text = "macros: {c: 4096, kind: image, yes: true}\n" +
    withLines("capabilities: {context: '${c}', in: ['${kind}'], tools: '${yes}'}");
  assertEquals(modelOf(text).capabilities, { context: 4096, in: ["image"], tools: true });
  refuse(withLines("capabilities: {context: '${no}'}"), "capabilities: unknown macro '${no}'");
});

Deno.test("a model's own healthCheckTimeout takes effect, at least 15 seconds; startTimeout wins and may be less", () => {
  assertEquals(modelOf(withLines("healthCheckTimeout: 300")).startTimeoutS, 300);
  assertEquals(load(withLines("healthCheckTimeout: 3")).config.models.get("m")?.startTimeoutS, 15);
  assertEquals(modelOf(withLines("healthCheckTimeout: 300", "startTimeout: 2s")).startTimeoutS, 2);
});

Deno.test("a model with nothing in it is refused", () => {
  refuse("models:\n  empty:\n", "models.empty: a model must be a mapping (found nothing)");
});

Deno.test("CD15: zeros in timeouts stay, and unknown keys are said", () => {
  const zeros = { connect: 0, responseHeader: 0, tlsHandshake: 0, expectContinue: 0, keepalive: 0, idleConn: 0 };
  assertEquals(modelOf(withLines(`timeouts: ${JSON.stringify(zeros)}`)).timeouts, zeros);
  assertEquals(warningsOf(withLines("timeouts: {conect: 3}")), [
    'c.yaml:4:16: models.m.timeouts.conect: Unknown key "conect" is ignored. Did you mean "connect"?',
  ]);
});
