/**
 * Processes under measurement: started from a template, asked for their processor time and memory, ended with the bench.
 *
 * @module
 */

import { freePort } from "../../tests/fakes/free_port.ts";
import { Connection, encodeRequest } from "./client.ts";
import { type BenchModel, configText, engineCommand, fillPlaces, type TargetSpec } from "./targets.ts";

/** What the system says about one process, all of its threads counted and none of its children. */
export interface ProcessSample {
  /**
   * Processor time, user and system, in microseconds. The kernel tells it in ticks (`USER_HZ`, 10 ms at 100 Hz), so a
   * difference is only as fine as that: measure for long enough.
   */
  readonly cpuUs: number;
  /** Resident memory in KiB. */
  readonly rssKiB: number;
}

/** Something that answers at a port. */
export interface RunningTarget extends AsyncDisposable {
  /** Port at 127.0.0.1. */
  readonly port: number;
  /** Port of the engine of each model. */
  readonly enginePorts: ReadonlyMap<string, number>;
  /** Processor time and memory of the gateway; null where there is no gateway. */
  sample(): Promise<ProcessSample | null>;
}

/** What a target is started for. */
export interface LaunchOptions {
  /** Models by name, with the milliseconds that each takes to load; the first is the one that `direct` runs. */
  readonly models: Readonly<Record<string, number>>;
  /** How many requests may be with one engine at a time. */
  readonly parallel: number;
}

const START_LIMIT_MS = 30_000;
const STOP_LIMIT_MS = 15_000;
const living = new Set<Deno.ChildProcess>();
const taken = new Set<number>();
const folders = new Set<string>();
let ending = false;

/** Starts a target and resolves when it answers `GET /v1/models`; after a failure nothing is left running. */
export async function launch(spec: TargetSpec, { models, parallel }: LaunchOptions): Promise<RunningTarget> {
  await using stack = new AsyncDisposableStack();
  const folder = await Deno.makeTempDir({ prefix: "berth-compare-" });
  folders.add(folder);
  stack.defer(() => removeFolder(folder));
  const benchModels: BenchModel[] = Object.entries(models)
    .map(([id, loadMs]) => ({ id, loadMs, port: newPort() }));
  const enginePorts = new Map(benchModels.map(({ id, port }) => [id, port]));
  const first = benchModels[0] ?? { id: "", loadMs: 0, port: newPort() };
  if (spec.kind !== "models") {
    stack.use(startProcess(engineCommand({ port: first.port, loadMs: first.loadMs })));
    await untilAnswering(first.port);
  }
  let gateway: StartedProcess | null = null;
  let port = first.port;
  if (spec.kind !== "direct") {
    port = newPort();
    const places = { config: `${folder}/config.yaml`, port, engine: `127.0.0.1:${first.port}` };
    await Deno.writeTextFile(places.config, configText(benchModels, { parallel }));
    const words = await Promise.all(spec.words.map((word) => fillFile(fillPlaces(word, places), folder, places)));
    gateway = stack.use(startProcess(words));
    await Promise.race([untilAnswering(port), gateway.failed]);
  }
  const owned = stack.move();
  return {
    port,
    enginePorts,
    sample: () => gateway === null ? Promise.resolve(null) : readProcess(gateway.pid),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** A word `{file:PATH}` stands for a copy of that file in which the placeholders are replaced, such as a proxy's own config. */
async function fillFile(word: string, folder: string, places: Parameters<typeof fillPlaces>[1]): Promise<string> {
  const source = /^\{file:(.+)\}$/.exec(word)?.[1];
  if (source === undefined) return word;
  const copy = `${folder}/${source.replaceAll("/", "_")}`;
  await Deno.writeTextFile(copy, fillPlaces(await Deno.readTextFile(source), places).replaceAll("{folder}", folder));
  return copy;
}

/** A child of this program. */
export interface StartedProcess extends AsyncDisposable {
  /** Process id. */
  readonly pid: number;
  /** Standard output as text. */
  readonly output: ReadableStream<string>;
  /** Never resolves; rejects when the process ends before it was asked to. */
  readonly failed: Promise<never>;
}

/** Starts a program; it is ended by SIGTERM when disposed of, by SIGKILL when that takes too long. */
export function startProcess(
  words: readonly string[],
  { readOutput = false }: { readonly readOutput?: boolean } = {},
): StartedProcess {
  if (ending) throw new Error("interrupted");
  const [program = "", ...args] = words;
  const stdout = readOutput ? "piped" : "null";
  const child = new Deno.Command(program, { args, stdin: "null", stdout, stderr: "null" }).spawn();
  living.add(child);
  let asked = false;
  const failed = child.status.then(({ code }) => {
    living.delete(child);
    if (asked) return new Promise<never>(() => {});
    throw new Error(`ended early with code ${code}: ${words.join(" ")}`);
  });
  failed.catch(() => {});
  return {
    pid: child.pid,
    get output() {
      return child.stdout.pipeThrough(new TextDecoderStream());
    },
    failed,
    async [Symbol.asyncDispose]() {
      asked = true;
      await end(child);
    },
  };
}

/** Ends every process that is still there, and starts no more: for a bench that is interrupted or has failed. */
export async function endAll(): Promise<void> {
  ending = true;
  await Promise.all([...living].map(end));
  await Promise.all([...folders].map(removeFolder));
}

async function removeFolder(folder: string): Promise<void> {
  if (folders.delete(folder)) await Deno.remove(folder, { recursive: true });
}

async function end(child: Deno.ChildProcess): Promise<void> {
  kill(child, "SIGTERM");
  const timer = setTimeout(() => kill(child, "SIGKILL"), STOP_LIMIT_MS);
  await child.status;
  clearTimeout(timer);
}

function kill(child: Deno.ChildProcess, signal: Deno.Signal): void {
  try {
    child.kill(signal);
  } catch {
    // it has ended already
  }
}

/** Reads `/proc/PID`; through `cat`, because Deno itself opens these files only with all permissions. */
export async function readProcess(pid: number): Promise<ProcessSample> {
  const args = [`/proc/${pid}/stat`, `/proc/${pid}/status`];
  const { stdout } = await new Deno.Command("cat", { args, stderr: "null" }).output();
  return parseProcess(new TextDecoder().decode(stdout));
}

/** Takes the figures out of `/proc/PID/stat` and `/proc/PID/status`; `USER_HZ` is 100 on every Linux that Deno runs on. */
export function parseProcess(text: string): ProcessSample {
  // fields 14 and 15; counted after the program's name, which may hold spaces
  const fields = text.slice(text.lastIndexOf(")", text.indexOf("\n")) + 2).split(" ");
  const rssKiB = Number(/^VmRSS:\s+(\d+) kB$/m.exec(text)?.[1]);
  const cpuUs = (Number(fields[11]) + Number(fields[12])) * 10_000;
  if (Number.isNaN(cpuUs + rssKiB)) throw new Error(`the process under measurement is gone:\n${text}`);
  return { cpuUs, rssKiB };
}

/** Resolves when `GET /v1/models` is answered by 200. */
async function untilAnswering(port: number): Promise<void> {
  const request = encodeRequest({ port, path: "/v1/models" });
  const deadline = performance.now() + START_LIMIT_MS;
  for (let problem: unknown = null;;) {
    try {
      using connection = await Connection.open(port);
      const { status } = await connection.exchange(request);
      if (status === 200) return;
      problem = `status ${status}`;
    } catch (error) {
      problem = error;
    }
    if (performance.now() > deadline) throw new Error(`no answer from port ${port}: ${problem}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

function newPort(): number {
  for (;;) {
    const port = freePort();
    if (taken.has(port)) continue;
    taken.add(port);
    return port;
  }
}
