/**
 * Starts backends as process groups of their own, reads their output, and tells when no member is left.
 *
 * @module
 */

import type { Clock } from "../clock.ts";
import { GatewayError } from "../errors.ts";
import { background, type Log } from "../log.ts";
import { LogHistory } from "../observe/log_history.ts";
import { requireFreePort } from "./port_check.ts";
import { killUntilGone, signalGroup } from "./process_group.ts";
import type { BackendSpec, GroupEvents, RunningGroup, Supervisor } from "./types.ts";
import { GATEWAY_MARK, Watchdog } from "./watchdog.ts";

/** How long the end of a leader is held back for output that it wrote before, in milliseconds. */
const LAST_WORDS_MS = 100;

/**
 * Waits for a word on standard input before it becomes the program: by then the watchdog knows the group. A gateway
 * that dies before that closes the pipe, and the gate ends without having started anything. `exec` keeps the pid.
 */
const GATE_SCRIPT = 'read -r go && exec "$@" </dev/null';

/** The supervisor over the operating system. */
export class ProcessSupervisor implements Supervisor {
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #watchdog: Watchdog;
  readonly #outputs = new Map<string, LogHistory>();
  readonly #onOutput: (chunk: Uint8Array) => void;

  /** Starts nothing yet. `onOutput` is told what any backend prints, besides each model's own history. */
  constructor(
    options: {
      readonly log: Log;
      readonly clock: Clock;
      readonly onOutput?: ((chunk: Uint8Array) => void) | undefined;
    },
  ) {
    this.#onOutput = options.onOutput ?? (() => {});
    this.#log = options.log;
    this.#clock = options.clock;
    this.#watchdog = new Watchdog(options);
  }

  /** See {@link Supervisor.start}. */
  async start(spec: BackendSpec, events: GroupEvents): Promise<RunningGroup> {
    await this.#watchdog.sweep();
    await requireFreePort(spec);
    this.history(spec.model);
    const keep = (chunk: Uint8Array) => this.#keep(spec.model, chunk);
    let child: Deno.ChildProcess;
    try {
      child = new Deno.Command("sh", {
        args: ["-c", GATE_SCRIPT, "sh", ...spec.command],
        env: environmentOf(spec),
        stdin: "piped",
        stdout: "piped",
        stderr: "piped",
        detached: true,
      }).spawn();
    } catch (error) {
      throw new GatewayError("start_failed", `The model ${JSON.stringify(spec.model)} failed to start`, {
        detail: `Cannot run sh: ${error instanceof Error ? error.message : error}`,
        cause: error,
      });
    }
    const pid = child.pid;
    const reading = new AbortController();
    const drained = Promise.all([child.stdout, child.stderr].map((stream) => drain(stream, keep, reading.signal)));
    const end = this.#follow({ child, events, reading, drained });
    background(this.#log, `backend of ${spec.model}`, end);
    try {
      await this.#watchdog.add(pid);
    } catch (error) {
      signalGroup(pid, "SIGKILL");
      await end;
      throw new GatewayError("start_failed", `The model ${JSON.stringify(spec.model)} failed to start`, {
        detail: `The watchdog cannot be run: ${error instanceof Error ? error.message : error}`,
        cause: error,
      });
    }
    const gate = child.stdin.getWriter();
    await gate.write(new TextEncoder().encode("go\n")).catch(() => {});
    await gate.close().catch(() => {});
    return {
      pid,
      terminate: (last) => background(this.#log, `stop of ${last.model}`, this.#terminate(last, pid)),
      kill: () => void signalGroup(pid, "SIGKILL"),
    };
  }

  /** See {@link Supervisor.output}. */
  output(model: string): string {
    return this.#outputs.get(model)?.text() ?? "";
  }

  /** See {@link Supervisor.history}. */
  history(model: string): LogHistory {
    const known = this.#outputs.get(model);
    if (known !== undefined) return known;
    const history = new LogHistory();
    this.#outputs.set(model, history);
    return history;
  }

  /** See {@link Supervisor.lastLines}. */
  lastLines(model: string, count: number): string {
    return this.#outputs.get(model)?.lastLines(count) ?? "";
  }

  /** See {@link Supervisor.forget}. */
  forget(model: string): void {
    this.#outputs.get(model)?.close();
    this.#outputs.delete(model);
  }

  /** See {@link Supervisor.close}. */
  close(): Promise<void> {
    for (const output of this.#outputs.values()) output.close();
    return this.#watchdog.close();
  }

  async #follow(
    { child, events, reading, drained }: {
      readonly child: Deno.ChildProcess;
      readonly events: GroupEvents;
      readonly reading: AbortController;
      readonly drained: Promise<unknown>;
    },
  ): Promise<void> {
    const status = await child.status;
    signalGroup(child.pid, "SIGKILL");
    await this.#atMost(LAST_WORDS_MS, drained);
    events.exited({ code: status.code, signal: status.signal });
    await killUntilGone(child.pid, this.#clock);
    this.#watchdog.remove(child.pid);
    reading.abort(); // a process that left the group may hold the pipes open
    events.gone();
  }

  async #atMost(limitMs: number, work: Promise<unknown>): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancel = this.#clock.after(limitMs, resolve);
    await Promise.race([work, promise]);
    cancel();
  }

  async #terminate(spec: BackendSpec, pid: number): Promise<void> {
    if (spec.stopCommand === null) return void signalGroup(pid, "SIGTERM");
    try {
      const [program = "", ...args] = spec.stopCommand(pid);
      const child = new Deno.Command(program, {
        args,
        env: environmentOf(spec),
        stdin: "null",
        stdout: "piped",
        stderr: "piped",
        detached: true,
      }).spawn();
      const cancelKill = this.#clock.after(spec.stopGraceMs, () => signalGroup(child.pid, "SIGKILL"));
      const { success, stdout, stderr } = await child.output();
      cancelKill();
      for (const output of [stdout, stderr]) this.#keep(spec.model, output);
      if (success) return;
      this.#log.warn(`cmdStop of ${spec.model} failed: SIGTERM instead`);
    } catch (error) {
      this.#log.warn(`cmdStop of ${spec.model} cannot run: ${error instanceof Error ? error.message : error}`);
    }
    signalGroup(pid, "SIGTERM");
  }

  #keep(model: string, chunk: Uint8Array): void {
    this.#outputs.get(model)?.push(chunk); // of a model that is gone nobody reads the last words
    this.#onOutput(chunk);
  }
}

async function drain(
  stream: ReadableStream<Uint8Array>,
  keep: (chunk: Uint8Array) => void,
  signal: AbortSignal,
): Promise<void> {
  const reader = stream.getReader();
  const onAbort = () => void reader.cancel().catch(() => {});
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    for (let read = await reader.read(); !read.done; read = await reader.read()) keep(read.value);
  } catch {
    // the pipe broke: what was read is kept
  }
}

function environmentOf(spec: BackendSpec): Record<string, string> {
  const env: Record<string, string> = {};
  for (const entry of spec.env) {
    const equals = entry.indexOf("=");
    if (equals > 0) env[entry.slice(0, equals)] = entry.slice(equals + 1);
  }
  env[GATEWAY_MARK] = String(Deno.pid);
  return env;
}
