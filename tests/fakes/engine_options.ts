/**
 * The command line of the fake engine. Every behaviour that a test may want from an inference server is one flag.
 *
 * @module
 */

/** How one fake engine behaves; times in milliseconds. */
export interface EngineOptions {
  /** Port to listen on at 127.0.0.1; 0 picks one. */
  readonly port: number;
  /** The model name in answers and events; none echoes the name that the request asks for. */
  readonly model: string | undefined;
  /** How long `healthPath` answers 503 after the start. */
  readonly loadMs: number;
  /** The path that tells readiness. */
  readonly healthPath: string;
  /** Listens only when loaded, so that a probe meets a refused connection instead of a 503. */
  readonly bindLate: boolean;
  /** Event file to append to; none writes no events. */
  readonly events: string | undefined;
  /** A file that stands for the accelerator: locked for the process's whole life; an `overlap` event tells that another held it. */
  readonly accelerator: string | undefined;
  /** Writes an `alive` event this often, so that a killed process has a last known moment; 0 is never. */
  readonly heartbeatMs: number;
  /** Survives SIGTERM and SIGINT. */
  readonly ignoreSigterm: boolean;
  /** How long it takes to stop after SIGTERM. */
  readonly stopMs: number;
  /** Exits with code 1 this long after the start; none never. */
  readonly crashAfterMs: number | undefined;
  /** Exits at once with this code, before it listens; none never. */
  readonly crashOnStart: number | undefined;
  /** Exits with code 1 in the middle of each generation. */
  readonly crashMidStream: boolean;
  /** Tokens per answer. */
  readonly tokens: number;
  /** Pause before each token. */
  readonly tokenMs: number;
  /** Pause before the response headers. */
  readonly headerMs: number;
  /** Lines printed to stdout for each request. */
  readonly noise: number;
  /** Starts a child that ignores SIGTERM and lives for a minute; needs `--allow-run`. */
  readonly spawnGrandchild: boolean;
}

/** Reads the flags, `--name value` or `--name=value`; throws an `Error` that names an unknown flag or a bad value. */
export function parseEngineOptions(args: readonly string[]): EngineOptions {
  const given = new Map<string, string>();
  const switches = new Set(["--bind-late", "--ignore-sigterm", "--crash-mid-stream", "--spawn-grandchild"]);
  for (let at = 0; at < args.length; at++) {
    const [name = "", inline] = splitOnce(args[at] ?? "");
    if (switches.has(name)) {
      given.set(name, "");
      continue;
    }
    const value = inline ?? args[++at];
    if (value === undefined) throw new Error(`fake engine: ${name} needs a value`);
    given.set(name, value);
  }
  const text = (name: string) => take(given, name);
  const number = (name: string) => {
    const value = take(given, name);
    if (value === undefined) return undefined;
    if (!/^\d+(\.\d+)?$/.test(value)) throw new Error(`fake engine: ${name} is not a number: ${value}`);
    return Number(value);
  };
  const has = (name: string) => take(given, name) !== undefined;
  const options: EngineOptions = {
    port: number("--port") ?? 0,
    model: text("--model"),
    loadMs: number("--load-ms") ?? 0,
    healthPath: text("--health-path") ?? "/health",
    bindLate: has("--bind-late"),
    events: text("--events"),
    accelerator: text("--accelerator"),
    heartbeatMs: number("--heartbeat-ms") ?? 0,
    ignoreSigterm: has("--ignore-sigterm"),
    stopMs: number("--stop-ms") ?? 0,
    crashAfterMs: number("--crash-after-ms"),
    crashOnStart: number("--crash-on-start"),
    crashMidStream: has("--crash-mid-stream"),
    tokens: number("--tokens") ?? 4,
    tokenMs: number("--token-ms") ?? 0,
    headerMs: number("--header-ms") ?? 0,
    noise: number("--noise") ?? 0,
    spawnGrandchild: has("--spawn-grandchild"),
  };
  for (const unknown of given.keys()) throw new Error(`fake engine: unknown flag ${unknown}`);
  return options;
}

function splitOnce(argument: string): [string, string | undefined] {
  const at = argument.indexOf("=");
  return at < 0 ? [argument, undefined] : [argument.slice(0, at), argument.slice(at + 1)];
}

function take(from: Map<string, string>, name: string): string | undefined {
  const value = from.get(name);
  from.delete(name);
  return value;
}
