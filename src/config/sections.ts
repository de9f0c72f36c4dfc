/**
 * How the reference groups the keys, with a word about each group.
 *
 * @module
 */

/** A group of keys in the reference. */
export interface Section {
  /** Its heading. */
  readonly title: string;
  /** What to know about it. */
  readonly text?: string;
  /** How it looks in a config. */
  readonly example?: string;
  /** Its keys, in the order in which they are told. */
  readonly keys: readonly string[];
}

/** The keys of a model. */
export const MODEL_SECTIONS: readonly Section[] = [
  {
    title: "What serves a model",
    text:
      "A model needs exactly one of `cmd` and `worker`. The id `comfyui_auto` has rules of its own, for the web page of ComfyUI: " +
      "its `concurrencyLimit` is at least 50, and `compat.ignoreWebsockets` is on.",
    example: `
models:
  qwen:
    cmd: llama-server --port \${PORT} -m /models/qwen.gguf -ngl 99
    env: [CUDA_VISIBLE_DEVICES=0]
`,
    keys: ["cmd", "worker", "permissions", "env", "proxy", "checkEndpoint", "cmdStop", "macros"],
  },
  {
    title: "How long things may take",
    keys: ["startTimeout", "healthCheckTimeout", "ttl", "unloadTimeout", "timeouts", "concurrencyLimit"],
  },
  {
    title: "Names and listings",
    keys: [
      "aliases",
      "useModelName",
      "name",
      "description",
      "unlisted",
      "metadata",
      "capabilities",
    ],
  },
  {
    title: "What happens to requests",
    example: `
models:
  qwen:
    cmd: llama-server --port \${PORT} -m /models/qwen.gguf
    filters:
      stripParams: temperature, top_p
      setParams: { seed: 1 }
      setParamsByID:
        "qwen:think": { chat_template_kwargs: { enable_thinking: true } }
`,
    keys: ["filters", "sendLoadingState", "queueKeepAlive", "compat"],
  },
];

/** The keys beside `models`. */
export const TOP_SECTIONS: readonly Section[] = [
  {
    title: "Defaults for models",
    keys: [
      "healthCheckTimeout",
      "globalTTL",
      "unloadTimeout",
      "startPort",
      "sendLoadingState",
      "queueKeepAlive",
      "macros",
    ],
  },
  { title: "At start", example: "hooks: { on_startup: { preload: [qwen] } }", keys: ["hooks"] },
  {
    title: "Access",
    example: `
apiKeys:
  - "\${env.ADMIN_KEY}"
  - { key: "\${env.CHAT_KEY}", name: chat, scopes: [inference, models], models: [qwen], maxOpen: 4 }
cors: { origins: ["https://chat.example.com"] }
`,
    keys: ["apiKeys", "cors", "allowedHosts", "trustProxy", "limits"],
  },
  {
    title: "Who goes next, and what may be in memory",
    text:
      "`serial` keeps one model in memory and ignores groups, matrix and priorities. Under `fifo` the router says which " +
      "models may be in memory together.",
    example: `
routing:
  scheduler:
    use: fifo
    settings: { fifo: { priority: { qwen: 10 } } }
  router:
    use: group
    settings:
      groups:
        small: { swap: false, members: [embeddings, reranker] }
`,
    keys: ["routing", "groups", "matrix", "websockets"],
  },
  {
    title: "More names for models",
    text:
      "A requested name is looked up in this order: pins of the profile in force, selectors, ids, aliases, models of peers.",
    example: `
selectors:
  fast: { strategy: warm, targets: [qwen, gemma] }
profiles:
  night: { pins: { big: qwen, expensive: "" } }
peers:
  attic: { proxy: "http://attic:8080", models: [llama-70b] }
`,
    keys: ["includeAliasesInList", "profiles", "selectors", "peers"],
  },
  { title: "Log", keys: ["logLevel", "logTimeFormat", "logToStdout", "logRequests"] },
  {
    title: "Activity, the web page, direct access",
    keys: ["store", "metricsMaxInMemory", "captureBuffer", "performance", "ui", "upstream"],
  },
];
