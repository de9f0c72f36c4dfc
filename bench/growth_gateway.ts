/**
 * The program that `growth_bench.ts` watches: the gateway's worker behind a socket, which also tells what it costs.
 *
 * Started by the bench as `growth_gateway.ts gateway MODELS` and, as the one backend, `growth_gateway.ts backend PORT`.
 *
 * @module
 */

import process from "node:process";
import { backendSpecs } from "../src/backend/specs.ts";
import { loadConfig } from "../src/config/load.ts";
import { silentLog } from "../src/log.ts";
import { createWorker, type Worker } from "../src/worker.ts";
import { freePort } from "../tests/fakes/free_port.ts";

/** What the gateway tells of itself. */
export interface Figures {
  /** CPU time of the process so far, in microseconds. */
  readonly cpuUs: number;
  /** Heap in use after a collection, in bytes; before one when the program may not ask for it. */
  readonly heapUsed: number;
  /** Resident set, in bytes. */
  readonly rss: number;
  /** Abort listeners that were added and not removed. */
  readonly listeners: number;
}

/** Body of each request. */
export const REQUEST_BODY = JSON.stringify({ model: "m0", messages: [{ role: "user", content: "Say something" }] });

const ANSWER = JSON.stringify({ id: "1", object: "chat.completion", choices: [{ index: 0, finish_reason: "stop" }] });
/** Requests of which the standing queue's cost is measured, after as many for warming up. */
const STANDING_SAMPLE = 2_000;

let listeners = 0;

/** Counts the listeners on abort signals, without holding any. */
function countListeners(): void {
  const known = new WeakMap<EventTarget, Set<unknown>>();
  const { addEventListener, removeEventListener } = EventTarget.prototype;
  EventTarget.prototype.addEventListener = function (this: EventTarget, ...args) {
    if (this instanceof AbortSignal && args[1] !== null && known.get(this)?.has(args[1]) !== true) {
      known.set(this, (known.get(this) ?? new Set()).add(args[1]));
      listeners++;
    }
    addEventListener.apply(this, args);
  };
  EventTarget.prototype.removeEventListener = function (this: EventTarget, ...args) {
    if (known.get(this)?.delete(args[1]) === true) listeners--;
    removeEventListener.apply(this, args);
  };
}

function cpuUs(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

function figures(): Figures {
  (globalThis as { gc?: () => void }).gc?.();
  const { heapUsed, rss } = Deno.memoryUsage();
  return { cpuUs: cpuUs(), heapUsed, rss, listeners };
}

function configOf(models: number): string {
  const command = `${Deno.execPath()} run -P=bench ${import.meta.filename} backend \${PORT}`;
  const lines = Array.from({ length: models }, (_, i) => `  m${i}: { cmd: ${JSON.stringify(command)} }`);
  const routing = "routing: { scheduler: { use: serial, settings: { serial: { maxQueue: 1000000 } } } }";
  return `startPort: ${freePort()}\n${routing}\nmodels:\n${lines.join("\n")}\n`;
}

function ask(): Request {
  const headers = { "content-type": "application/json" };
  return new Request("http://gateway.test/v1/chat/completions", { method: "POST", headers, body: REQUEST_BODY });
}

/** Microseconds of CPU per request with `standing` requests in the queue behind it. */
async function standingUs(worker: Worker, standing: number): Promise<number> {
  const samples: number[] = [];
  let served = 0;
  const all = Array.from({ length: standing + 2 * STANDING_SAMPLE }, async () => {
    const answer = await worker.fetch(ask());
    await answer.text();
    served++;
    if (served === STANDING_SAMPLE || served === 2 * STANDING_SAMPLE) samples.push(cpuUs());
  });
  await Promise.all(all);
  return ((samples[1] ?? NaN) - (samples[0] ?? NaN)) / STANDING_SAMPLE;
}

function serveGateway(models: number): void {
  countListeners();
  const { config } = loadConfig({ texts: [{ text: configOf(models), file: "growth.yaml" }], env: () => undefined });
  const worker = createWorker({ config, specs: backendSpecs(config), log: silentLog });
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen }, async (request, info) => {
    if (request.method !== "GET") return await worker.fetch(request, info);
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === "/bench/figures") return Response.json(figures());
    if (pathname === "/bench/standing") return Response.json(await standingUs(worker, Number(searchParams.get("n"))));
    return await worker.fetch(request, info);
  });
  Deno.addSignalListener("SIGTERM", async () => {
    await worker.close({ graceMs: 0 });
    await server.shutdown();
    Deno.exit(0);
  });
}

function onListen({ port }: Deno.NetAddr): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${port}\n`));
}

function serveBackend(port: number): void {
  const headers = { "content-type": "application/json" };
  Deno.serve({ hostname: "127.0.0.1", port, onListen: () => {} }, async (request) => {
    await request.body?.cancel();
    return new Response(ANSWER, { headers });
  });
}

if (import.meta.main) {
  const [role, number] = Deno.args;
  if (role === "gateway") serveGateway(Number(number));
  else serveBackend(Number(number));
}
