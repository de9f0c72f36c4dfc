/**
 * A reload that changes one model of 500: reading the text, loading it, comparing, putting it in force.
 *
 * Run: `deno bench -P=bench bench/reload_bench.ts`.
 *
 * @module
 */

import { backendSpecs } from "../src/backend/specs.ts";
import { type ConfigCache, createConfigCache } from "../src/config/cache.ts";
import { differenceOf } from "../src/config/difference.ts";
import { loadConfig } from "../src/config/load.ts";
import type { Config } from "../src/config/types.ts";
import { silentLog } from "../src/log.ts";
import { createWorker } from "../src/worker.ts";

const MODELS = 500;

/** A config in which every model has macros of its own and uses global ones; one of its models varies. */
function textOf(variant: number): string {
  const lines = [
    "macros:",
    "  server: llama-server --host 127.0.0.1 --port ${PORT} --flash-attn on",
    "  folder: /models",
    "  full: ${server} -m ${folder}/${MODEL_ID}.gguf -ngl 99",
    "models:",
  ];
  for (let i = 0; i < MODELS; i++) {
    lines.push(
      `  model-${i}:`,
      `    macros: { ctx: ${4096 + (i === 250 ? variant : 0)} }`,
      "    cmd: |",
      "      ${full}",
      "      # the size of its context",
      "      --ctx-size ${ctx} --temp 0.7",
      `    aliases: [alias-${i}, "other-${i}"]`,
      "    env: [CUDA_VISIBLE_DEVICES=0]",
      "    ttl: 300",
      "    metadata: { family: llama, size: '${ctx}' }",
    );
  }
  return lines.join("\n") + "\n";
}

const TEXTS = [textOf(0), textOf(1)] as const;

function load(text: string, cache?: ConfigCache): Config {
  return loadConfig({ texts: [{ text, file: "bench.yaml" }], env: () => undefined, ...cache && { cache } }).config;
}

const worker = createWorker({ config: load(TEXTS[0]), specs: backendSpecs(load(TEXTS[0])), log: silentLog });
const cache = createConfigCache();
let turn = 0;

Deno.bench("a whole reload that changes one model of 500", () => {
  const text = TEXTS[++turn % 2] ?? "";
  const { difference } = worker.reload((kept) => {
    const { config } = loadConfig({ texts: [{ text, file: "bench.yaml" }], env: () => undefined, cache, kept });
    return { config, specs: backendSpecs(config) };
  });
  if (difference.changed.length !== 1) throw new Error(`not one model differs: ${difference.changed}`);
});

const cacheOfLoading = createConfigCache();
Deno.bench("of which loading the config", () => {
  load(TEXTS[++turn % 2] ?? "", cacheOfLoading);
});

const [before, after] = [load(TEXTS[0]), load(TEXTS[1])];
Deno.bench("of which comparing", () => {
  differenceOf(before, after);
});
