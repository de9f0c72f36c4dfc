/** What the tests of real processes share: specs, started groups with their facts, bounded waits for facts. */

import { assert } from "@std/assert";
import { ProcessSupervisor } from "../../src/backend/supervisor.ts";
import type { BackendSpec, Exit, RunningGroup } from "../../src/backend/types.ts";
import { systemClock } from "../../src/clock.ts";
import { silentLog } from "../../src/log.ts";

/** A backend run by `sh` without a port of its own. */
export function specOf(script: string, changes: Partial<BackendSpec> = {}): BackendSpec {
  return {
    model: "m",
    kind: "cmd",
    processKey: script,
    port: null,
    command: ["sh", "-c", script],
    stopCommand: null,
    env: [],
    proxy: "http://127.0.0.1:1",
    checkEndpoint: null,
    startTimeoutMs: 10_000,
    ttlMs: null,
    stopGraceMs: 5_000,
    ...changes,
  };
}

/** A group that runs, and the promises of what it will tell. */
export interface Started {
  readonly group: RunningGroup;
  /** Asks it to stop as it was started. */
  terminate(): void;
  readonly exited: Promise<Exit>;
  readonly gone: Promise<void>;
  /** What was told so far, in order. */
  readonly told: readonly string[];
}

/** Starts a backend. */
export async function start(supervisor: ProcessSupervisor, spec: BackendSpec): Promise<Started> {
  const exited = Promise.withResolvers<Exit>();
  const gone = Promise.withResolvers<void>();
  const told: string[] = [];
  const group = await supervisor.start(spec, {
    exited: (exit) => {
      told.push("exited");
      exited.resolve(exit);
    },
    gone: () => {
      told.push("gone");
      gone.resolve();
    },
  });
  return {
    group,
    terminate: () => group.terminate(spec),
    exited: within(exited.promise),
    gone: within(gone.promise),
    told,
  };
}

/** Runs a test with a supervisor that is closed at the end. */
export async function withSupervisor(body: (supervisor: ProcessSupervisor) => Promise<void>): Promise<void> {
  const supervisor = new ProcessSupervisor({ log: silentLog, clock: systemClock });
  try {
    await body(supervisor);
  } finally {
    await supervisor.close();
  }
}

/** Fails when a promise has not settled in 20 seconds. */
export async function within<T>(promise: Promise<T>): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error("not within 20 seconds")), 20_000);
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Asks for a fact until it holds; fails after 20 seconds. */
export async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const startedAt = performance.now();
  while (!await holds()) {
    assert(performance.now() - startedAt < 20_000, `not within 20 seconds: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** One living process. */
export interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly group: number;
  readonly command: string;
}

/** Prints pid, state, parent, group and command line of every process; a shell may read `/proc` where Deno may not. */
const PROCESSES_SCRIPT = `
for folder in /proc/[0-9]*; do
  { read -r line < "$folder/stat"; } 2>/dev/null || continue
  set -- \${line##*) }
  echo "\${folder#/proc/} $1 $2 $3 $(tr '\\0\\n' '  ' < "$folder/cmdline" 2>/dev/null)"
done 2>/dev/null`;

/** Every process that lives and is no zombie. */
export async function processes(): Promise<readonly Process[]> {
  const { stdout } = await new Deno.Command("sh", { args: ["-c", PROCESSES_SCRIPT], stdin: "null" }).output();
  return new TextDecoder().decode(stdout).trim().split("\n").flatMap((line) => {
    const [pid, state, parent, group, ...command] = line.split(" ");
    if (state === "Z") return [];
    return [{ pid: Number(pid), parent: Number(parent), group: Number(group), command: command.join(" ") }];
  });
}

/** Whether a process lives. */
export async function isAlive(pid: number): Promise<boolean> {
  return (await processes()).some((process) => process.pid === pid);
}

/** The living members of a process group. */
export async function membersOf(group: number): Promise<number[]> {
  return (await processes()).filter((process) => process.group === group).map(({ pid }) => pid);
}

/** The first number that a backend has written. */
export async function numberFrom(supervisor: ProcessSupervisor, model = "m"): Promise<number> {
  await until("a number in the output", () => /^\d+\n/.test(supervisor.output(model)));
  return Number.parseInt(supervisor.output(model));
}

/** Children of this process whose command line has these words. */
export async function childrenWith(words: string): Promise<number[]> {
  const all = await processes();
  return all.filter(({ parent, command }) => parent === Deno.pid && command.includes(words)).map(({ pid }) => pid);
}
