/**
 * What loading a config costs: 500 models with macros, at first and again after one of them changed.
 *
 * Run: `deno bench -P=bench bench/config_bench.ts`, on one core with `taskset -c 0` before it.
 *
 * @module
 */

import { type ConfigCache, createConfigCache } from "../src/config/cache.ts";
import { loadConfig } from "../src/config/load.ts";

const MODELS = 500;

function configOf(temperature: number): string {
  const models = Array.from({ length: MODELS }, (_, i) =>
    `  model-${i}:
    cmd: |
      \${run} --port \${PORT}
      --model \${dir}/file-${i}.gguf
      --ctx-size \${ctx} --temp ${i === 250 ? temperature : 0.7}
    name: "Model \${MODEL_ID}"
    description: a model of the family \${family}
    aliases: [alias-${i}, "other-${i}"]
    env: ["CUDA_VISIBLE_DEVICES=0", "HOME=/home/\${family}"]
    ttl: 300
    macros: {family: ${i % 20}, ctx: 8192}
    filters: {stripParams: "top_k, top_p", setParams: {temperature: 0.7}}
    metadata:
      family: \${family}
      tags: [a, b, "\${ctx}"]
`).join("");
  return `macros:
  bin: llama-server
  run: "\${bin} -ngl 99 --api-key \${env.KEY}"
  dir: /models
  ctx: 4096
models:
${models}`;
}

function load(text: string, cache: ConfigCache): void {
  const { config } = loadConfig({ texts: [{ file: "config.yaml", text }], env: () => "key", cache });
  if (config.models.size !== MODELS) throw new Error(`${config.models.size} models`);
}

/** As an operator of many models writes it: macros at both levels, settings by name, groups, and what is warned about. */
function groupedConfigOf(alias: string): string {
  const models = Array.from({ length: MODELS }, (_, i) =>
    `  "model-${i}":
    macros:
      ctx: ${i}
      own: x\${ctx}
    cmd: |
      # comment
      \${srv} \${common}
      -m \${models}/model-${i}.gguf --x \${own} \\
      --alias \${MODEL_ID}
    ttl: 300
    aliases: ["${i === 77 ? alias : `alias-${i}`}", "b-${i}"]
    env: ["CUDA_VISIBLE_DEVICES=0"]
    metadata: {ctx: "\${ctx}", port: "\${PORT}"}
    filters: {stripParams: "temperature, top_p", setParamsByID: {"\${MODEL_ID}:hi": {a: 1}}}
`).join("");
  const groups = Array.from({ length: MODELS / 10 }, (_, i) =>
    `  group-${i}:
    swap: true
    members: [${Array.from({ length: 10 }, (_, k) => `model-${i * 10 + k}`).join(", ")}]
`).join("");
  return `startPort: 6000
macros:
  bin: /opt/llama-server
  srv: "\${bin} --port \${PORT} --host 127.0.0.1 -ngl 99"
  models: /models
  ctx: 8192
  temp: 0.7
  common: "--flash-attn on -c \${ctx} --temp \${temp}"
models:
${models}groups:
${groups}`;
}

const [before, after] = [configOf(0.7), configOf(0.9)];
const [grouped, regrouped] = [groupedConfigOf("alias-77"), groupedConfigOf("alias-78-again")];

Deno.bench("load a config of 500 models with macros", { group: "config", baseline: true }, () => {
  load(before, createConfigCache());
});

const cache = createConfigCache();
load(before, cache);
let turn = 0;

Deno.bench("load it again after one model changed", { group: "config" }, () => {
  load(turn++ % 2 === 0 ? after : before, cache);
});

const groupedCache = createConfigCache();
load(grouped, groupedCache);

Deno.bench("load one with groups and warnings", { group: "config" }, () => {
  load(grouped, createConfigCache());
});

Deno.bench("load it again after one alias changed", { group: "config" }, () => {
  load(turn++ % 2 === 0 ? regrouped : grouped, groupedCache);
});

Deno.bench("load it again unchanged", { group: "config" }, (bench) => {
  load(before, cache);
  bench.start();
  load(before, cache);
  bench.end();
});
