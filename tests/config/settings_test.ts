import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { ConfigErrors } from "../../src/config/load.ts";
import { configOf, load, models, refuse, warningsOf } from "./loading.ts";

Deno.test("CD1, CD3: without a word about it, logs, activity and sampling are as in llama-swap", () => {
  const config = configOf("");
  assertEquals([config.logLevel, config.logTimeFormat, config.logToStdout], ["info", null, "proxy"]);
  assertEquals([config.captureBufferMib, config.metricsMaxInMemory, config.storePath], [5, 1000, null]);
  assertEquals([config.performanceEveryMs, config.preload, config.apiKeys], [5000, [], []]);
});

Deno.test("CD11: the store's path is not empty, and asked about where that is possible", () => {
  const withProbe = (path: string) =>
    load(`store: {path: ${path}}`, { checkStorePath: (asked) => asked === "/gone/a.db" ? "is not writable" : null })
      .config;
  assertEquals(withProbe("/data/a.db").storePath, "/data/a.db");
  assertStringIncludes(
    assertThrows(() => withProbe("/gone/a.db"), ConfigErrors).message,
    "store.path: store.path is not writable",
  );
  assertEquals(configOf("store: {path: /gone/a.db}").storePath, "/gone/a.db");
  for (const block of ["{path: ''}", "{path: ' '}", "{}"]) refuse(`store: ${block}`, "store.path must not be empty");
});

Deno.test("CD12: the first wrong key is named by its place", async (t) => {
  const cases: readonly [string, string][] = [
    ["['']", "empty api key found in apiKeys"],
    ["['  ']", "apiKeys[0]: api key cannot contain spaces"],
    ["[' a']", "apiKeys[0]: api key cannot contain spaces"],
    ["['a ']", "apiKeys[0]: api key cannot contain spaces"],
    ["['a b']", "apiKeys[0]: api key cannot contain spaces"],
    ["[ok, 'b c']", "apiKeys[1]: api key cannot contain spaces"],
    ["[ok, '', fine]", "empty api key found in apiKeys"],
  ];
  for (const [keys, part] of cases) await t.step(keys, () => void refuse(`apiKeys: ${keys}`, part));
});

Deno.test("CD17: the machine is sampled every 5 seconds, or more rarely, or not at all", () => {
  const every = (block: string) => load(`performance: ${block}`).config.performanceEveryMs;
  assertEquals(every("{every: 30s, enable: true}"), 30_000);
  assertEquals(every("{disabled: true}"), null);
  assertEquals(every("{every: 10s}"), 10_000);
  assertEquals(every("{every: 1m30s}"), 90_000);
  assertEquals(every("{every: 0s}"), 5000);
  refuse("performance: {every: 4s}", "performance: every must be at least 5s", 'found "4s"');
  refuse(
    "performance: {every: -4s}",
    "performance.every: must be seconds as a number, or a duration",
    "every must be at least 5s",
  );
});

Deno.test("a websocket's lease is kept 10 seconds without a message, or as long as is said, or as long as it is open", () => {
  const idle = (block: string) => configOf(block).websocketIdleLeaseMs;
  assertEquals(idle(""), 10_000);
  assertEquals(idle("websockets: {idleLease: 90}"), 90_000);
  assertEquals(idle("websockets: {idleLease: 0}"), null);
  refuse("websockets: {idleLease: -1}", "websockets.idleLease: must be >= 0");
});

Deno.test("CD18: session headers are trimmed, each once, and may be none", () => {
  const headers = (block: string) => configOf(block).sessionHeaders;
  assertEquals(headers(""), ["X-Session-ID", "X-Litellm-Session-Id"]);
  assertEquals(headers("ui: {activity: {session_id: [' X-A ', x-a, '', X-B]}}"), ["X-A", "X-B"]);
  assertEquals(headers("ui: {activity: {session_id: []}}"), []);
  assertEquals(headers("ui: {activity: {session_id: }}"), []);
  assertEquals(headers("ui: {activity: }"), ["X-Session-ID", "X-Litellm-Session-Id"]);
});

Deno.test("CD19: paths of what a page loads are ignored unless other patterns are given", async (t) => {
  const ignored = (block: string, path: string) =>
    configOf(block).ignorePaths.some(({ expression }) => expression.test(path));
  for (const block of ["", "upstream: {}", "upstream:\n"]) {
    await t.step(`default of ${JSON.stringify(block)}`, () => {
      for (const end of ["js", "json", "css", "png", "gif", "jpg", "jpeg", "ico", "txt"]) {
        assertEquals(ignored(block, `/x/a.${end}`), true);
      }
      for (const path of ["/v1/chat/completions", "/a.js/b", "/ajs", "/"]) assertEquals(ignored(block, path), false);
    });
  }
  await t.step("two patterns", () => {
    const block = "upstream: {ignorePaths: ['^/static/', '(?i)\\.svg$']}";
    assertEquals(["/static/x", "/a.SVG", "/a.js"].map((path) => ignored(block, path)), [true, true, false]);
  });
  await t.step("W60: an empty list switches it off", () => {
    assertEquals(configOf("upstream: {ignorePaths: []}").ignorePaths, []);
  });
  await t.step("an empty entry is the default", () => {
    assertEquals(ignored("upstream: {ignorePaths: }", "/a.js"), true);
  });
  await t.step("a broken pattern", () => {
    refuse(
      "upstream: {ignorePaths: [ok, '(']}",
      "upstream.ignorePaths[1]: upstream.ignorePaths: invalid regular expression",
      "missing closing )",
    );
  });
});

Deno.test("a layout of time is one of Go's, whatever its case; an unknown one is none, with a warning", () => {
  assertEquals(configOf("logTimeFormat: RFC3339").logTimeFormat, "rfc3339");
  const { config, warnings } = load("logTimeFormat: rfc3340");
  assertEquals(config.logTimeFormat, null);
  assertStringIncludes(String(warnings[0]), 'Did you mean "rfc3339"?');
});

Deno.test("logToStdout is one of four words", () => {
  assertEquals(configOf("logToStdout: both").logToStdout, "both");
  refuse("logToStdout: Proxy", "must be one of: proxy, upstream, both, none", 'Did you mean "proxy"?');
});

Deno.test("an unknown log level is info, with a warning", () => {
  assertEquals(configOf("logLevel: ' WARN '").logLevel, "warn");
  const { config, warnings } = load("logLevel: inf");
  assertEquals([config.logLevel, warnings.length], ["info", 1]);
});

Deno.test("healthCheckTimeout below 15 is raised, and said", () => {
  const { config, warnings } = load("healthCheckTimeout: -3");
  assertEquals(config.healthCheckTimeoutS, 15);
  assertStringIncludes(String(warnings[0]), "-3 is raised to 15");
});

Deno.test("records and captures are what is left of odd numbers", () => {
  const { metricsMaxInMemory, captureBufferMib } = configOf("metricsMaxInMemory: 0\ncaptureBuffer: -1\n");
  assertEquals([metricsMaxInMemory, captureBufferMib], [1000, 0]);
});

Deno.test("preloaded models are real ids, each once; other names are left out with a warning (W57)", () => {
  const { config, warnings } = load(
    models("alpha", ["b", "aliases: [x]"]) + "peers: {p: {proxy: 'http://h', models: [far]}}\n" +
      "hooks: {on_startup: {preload: [' x ', '', alpha, b, alpah, far]}}\n",
  );
  assertEquals(config.preload, ["b", "alpha"]);
  const told = warnings.map(String).filter((warning) => warning.includes("preload"));
  assertEquals(told.length, 2);
  assertStringIncludes(
    told[0] ?? "",
    'hooks.on_startup.preload[4]: "alpah" is no model here: it is left out. Did you mean "alpha"?',
  );
  assertStringIncludes(told[1] ?? "", '"far" is a model of a peer');
});

Deno.test("W65: ports above 65535 and negative timeouts are refused, a negative limit is a warning", () => {
  refuse("startPort: 65536", "startPort must be at most 65535");
  for (const key of ["connect", "responseHeader", "keepalive", "tlsHandshake", "expectContinue", "idleConn"]) {
    refuse(models(["m", `timeouts: {${key}: -1}`]), `models.m.timeouts.${key}: must be >= 0 (found -1)`);
  }
  const { config, warnings } = load(models(["m", "concurrencyLimit: -2"]));
  assertEquals(config.models.get("m")?.concurrencyLimit, null);
  assertStringIncludes(String(warnings[0]), "-2 counts as 0");
});

Deno.test("W59: text that YAML takes for a number, date or boolean stays as it was written", async (t) => {
  const cases: readonly [written: string, text: string, changed: boolean][] = [
    ["0123", "0123", true],
    ["1.50", "1.50", true],
    ["1e5", "1e5", true],
    ["1_000", "1_000", true],
    ["2024-01-01", "2024-01-01", false],
    ["True", "True", true],
    ["70", "70", false],
    ["1.5", "1.5", false],
    ["true", "true", false],
    ["yes", "yes", false],
    ["'0123'", "0123", false],
  ];
  for (const [written, text, changed] of cases) {
    await t.step(written, () => {
      const { config, warnings } = load(models(["m", `name: ${written}`, `aliases: [${written}]`]));
      const model = config.models.get("m");
      assertEquals([model?.name, model?.aliases], [text, [text]]);
      assertEquals(warnings.length, changed ? 2 : 0);
      if (changed) assertStringIncludes(String(warnings[0]), `c.yaml:4:5: models.m.name: Kept as the text "${text}"`);
    });
  }
  await t.step("also where an anchor or a merge brings it", () => {
    const text = "x-date: &d 2024-01-01\nx-base: &b {name: 0123}\n" + models(["m", "<<: [*b]", "description: *d"]);
    const model = load(text).config.models.get("m");
    assertEquals([model?.name, model?.description], ["0123", "2024-01-01"]);
  });
  await t.step("a macro gives its value", () => {
    const text = "macros: {n: 0123}\n" + models(["m", "name: ${n}"]);
    assertEquals(configOf(text).models.get("m")?.name, "83");
  });
});

Deno.test("booleans may be written as in YAML 1.1, quoted or not", async (t) => {
  for (
    const [written, value] of [["y", true], ["Yes", true], ["'ON'", true], ["n", false], ["No", false], ["off", false]]
  ) {
    await t.step(String(written), () => {
      assertEquals(configOf(`includeAliasesInList: ${written}`).includeAliasesInList, value);
    });
  }
  refuse("includeAliasesInList: ja", "must be true or false");
});

Deno.test("what has no effect yet is said once for each key, where it stands", () => {
  assertEquals(warningsOf(models("a") + "performance: {}\ncaptureBuffer: 3\n"), [
    "c.yaml:4:1: performance: is read and checked, but has no effect yet",
    "c.yaml:5:1: captureBuffer: is read and checked, but has no effect yet",
  ]);
});

Deno.test("request bodies have a bound each, one together, and a time in which they must come", () => {
  const { limits } = configOf("");
  assertEquals([limits.requestBodyBytes, limits.bodyMemoryBytes, limits.bodyTimeoutMs], [2 ** 28, 2 ** 30, 300_000]);
  assertEquals(configOf("limits: {bodyTimeout: 0}").limits.bodyTimeoutMs, null);
  refuse("limits: {bodyMemory: 0}", "limits.bodyMemory: must be >= 1");
  refuse("limits: {bodyTimeout: -1}", "limits.bodyTimeout: must be >= 0");
});

Deno.test("all bodies together may be at least as large as one", () => {
  const text = "limits: {requestBody: 20, bodyMemory: 10}";
  assertEquals(load(text).config.limits.bodyMemoryBytes, 20 * 2 ** 20);
  assertStringIncludes(warningsOf(text).join(), "limits.bodyMemory: 10 is raised to 20");
  assertStringIncludes(warningsOf("limits: {requestBody: 2000}").join(), "limits.bodyMemory: 1024 is raised to 2000");
});
