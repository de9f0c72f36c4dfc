/**
 * The real program as a child process, for tests that look from outside.
 *
 * @module
 */

import { freePort } from "../fakes/free_port.ts";
import { watchLog } from "./watched_log.ts";

/** A running gateway. */
export interface RunningGateway extends AsyncDisposable {
  /** `http://127.0.0.1:PORT`. */
  readonly url: string;
  /** Process id of the gateway. */
  readonly pid: number;
  /** The config's file, if it was started with one. */
  readonly configFile: string | null;
  /** Writes another text into the config's file, with the same first port, in the way of editors: beside it, then over it. */
  rewrite(config: string): Promise<void>;
  /** Everything that it has logged so far; a line may come a moment after the answer that it tells of. */
  log(): string;
  /** Resolves when it has logged this text; rejects when it ends without. */
  logged(text: string): Promise<void>;
  /** Sends a signal to the gateway alone. */
  signal(signal: Deno.Signal): void;
  /** Resolves with the exit code, or null when a signal ended it. */
  readonly exited: Promise<number | null>;
}

/** How to start a gateway. */
export interface StartOptions {
  /** The config's text; without it the default config is served from the embedded copy. */
  readonly config?: string;
  /** More arguments for `serve`. */
  readonly args?: readonly string[];
  /** Environment variables besides those of the tests. */
  readonly env?: Readonly<Record<string, string>>;
  /** Permission flags; `-P`, the default set, unless given. */
  readonly permissions?: readonly string[];
  /** Runs it under a parent that never reaps it, so that it stays a zombie when it is killed. */
  readonly unreaped?: boolean;
}

/** Starts a program, tells its pid, and becomes one that knows nothing of children. */
const UNREAPED_SCRIPT = '"$@" & echo "pid $!" >&2; exec sleep 600';

const ROOT = new URL("../../", import.meta.url).pathname;

/** Starts the gateway on a free port and resolves when it listens; fails with its log when it exits instead. */
export async function startGateway(options: StartOptions = {}): Promise<RunningGateway> {
  const folder = await Deno.makeTempDir({ prefix: "berth-e2e-" });
  const args = [
    "run",
    ...(options.permissions ?? ["-P"]),
    "main.ts",
    "--listen",
    "127.0.0.1:0",
    ...(options.args ?? []),
  ];
  const file = options.config === undefined ? null : `${folder}/config.yaml`;
  const ports = /^startPort:/m.test(options.config ?? "") ? "" : `startPort: ${freePort()}\n`;
  const rewrite = async (config: string) => {
    await Deno.writeTextFile(`${folder}/next`, ports + config);
    await Deno.rename(`${folder}/next`, `${folder}/config.yaml`);
  };
  if (file !== null) {
    await rewrite(options.config ?? "");
    args.push("--config", file);
  }
  const [program, programArgs] = options.unreaped
    ? ["sh", ["-c", UNREAPED_SCRIPT, "sh", Deno.execPath(), ...args]] as const
    : [Deno.execPath(), args] as const;
  const child = new Deno.Command(program, {
    args: [...programArgs],
    cwd: ROOT,
    stdin: "null",
    stdout: "null",
    stderr: "piped",
    env: { NO_COLOR: "1", ...options.env },
  }).spawn();
  const expected = new Map<string, PromiseWithResolvers<void>>();
  const written = watchLog(child.stderr, (text) => {
    for (const [part, { resolve }] of expected) if (text.includes(part)) resolve();
  });
  const drained = written.ended.then(() => {
    for (const [part, { reject }] of expected) reject(new Error(`never logged: ${part}\n${written.text()}`));
  });
  const exited = child.status.then((status) => status.signal === null ? status.code : null);
  const url = await written.url.catch(async (error) => {
    await exited;
    await Deno.remove(folder, { recursive: true });
    throw error;
  });
  const pid = options.unreaped ? Number(/^pid (\d+)$/m.exec(written.text())?.[1]) : child.pid;
  return {
    url,
    pid,
    configFile: file,
    rewrite,
    log: written.text,
    logged(part) {
      const gate = expected.get(part) ?? Promise.withResolvers<void>();
      expected.set(part, gate);
      if (written.text().includes(part)) gate.resolve();
      return gate.promise;
    },
    signal: (signal) => Deno.kill(pid, signal),
    exited,
    async [Symbol.asyncDispose]() {
      try {
        child.kill("SIGTERM");
      } catch {
        // it has ended already
      }
      await exited;
      await drained.catch(() => {});
      await Deno.remove(folder, { recursive: true });
    },
  };
}

/** Asks for a chat completion; the answer is left unread. */
export function chat(url: string, model: string, options: ChatOptions = {}): Promise<Response> {
  return fetch(`${url}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json", ...options.headers },
    body: JSON.stringify({
      model,
      messages: [{ role: "user", content: options.text ?? "ahoy" }],
      max_tokens: options.maxTokens ?? 8,
      stream: options.stream ?? false,
    }),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
}

/** Options of {@link chat}. */
export interface ChatOptions {
  /** What the user says. */
  readonly text?: string;
  /** Most tokens to answer with. */
  readonly maxTokens?: number;
  /** Whether to stream. */
  readonly stream?: boolean;
  /** More headers. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Ends the request early. */
  readonly signal?: AbortSignal;
}

/** The `cmd` line of the fake engine as a YAML string. */
export function fakeEngine(flags: string): string {
  const script = new URL("../fakes/engine.ts", import.meta.url).pathname;
  return `${Deno.execPath()} run --no-lock --allow-net --allow-read --allow-write --allow-run ${script} --port \${PORT} ${flags}`;
}
