/**
 * The command line of `berth serve`: llama-swap's flags in their one-dash and two-dash forms (spec §1.1).
 *
 * @module
 */

/** What the arguments ask for. */
export type Invocation =
  | { readonly command: "serve"; readonly options: ServeOptions }
  | { readonly command: "tiny"; readonly args: readonly string[] }
  | { readonly command: "version" }
  | { readonly command: "help" };

/** Options of `serve`. */
export interface ServeOptions {
  /** The files of the config; the embedded default config when both are `null`. */
  readonly config: ConfigPaths;
  /** Where to listen. */
  readonly listen: ListenAddress;
  /** Whether a change of the config's files is taken over while serving (`-watch-config`). */
  readonly watch: boolean;
  /** The certificate and key to serve https with; `null` = http. */
  readonly tls: TlsFiles | null;
  /** Things that were asked for and mean nothing here, one sentence each; to be logged. */
  readonly notices: readonly string[];
}

/** Where a config is read from. */
export interface ConfigPaths {
  /** Path of one file (`-config`). */
  readonly file: string | null;
  /** Folder whose YAML files are merged in (`-config-dir`). */
  readonly dir: string | null;
}

/** Paths of the PEM files that https needs. */
export interface TlsFiles {
  /** The certificate, and those up to the authority (`-tls-cert-file`). */
  readonly certFile: string;
  /** Its private key (`-tls-key-file`). */
  readonly keyFile: string;
}

/** A TCP address. */
export interface ListenAddress {
  /** Host name or address without brackets. */
  readonly hostname: string;
  /** Port, 0–65535; 0 lets the system choose. */
  readonly port: number;
}

/** The arguments cannot be understood; the message says which and why. Exit code 2. */
export class UsageError extends Error {
  override readonly name: string = "UsageError";
}

/** The arguments are understood, but do not fit together. Exit code 1, as llama-swap has it (spec §1.1.3). */
export class FlagConflictError extends UsageError {
  override readonly name = "FlagConflictError";
}

/** Where the gateway listens when nothing is said: this machine only. */
export const DEFAULT_LISTEN: ListenAddress = { hostname: "127.0.0.1", port: 8080 };

/** Where it listens with https when nothing is said. */
export const DEFAULT_TLS_LISTEN: ListenAddress = { hostname: "127.0.0.1", port: 8443 };

const VALUE_FLAGS = ["config", "config-dir", "listen", "tls-cert-file", "tls-key-file"] as const;
const SWITCHES = ["watch-config", "version", "help", "h"] as const;

type ValueFlag = typeof VALUE_FLAGS[number];
type Switch = typeof SWITCHES[number];

/**
 * Reads the arguments after the program's name. `serve` is the default command.
 *
 * @throws {UsageError} for an unknown flag, a missing or a malformed value.
 */
export function parseArguments(args: readonly string[]): Invocation {
  const [first, ...rest] = args;
  if (first === "tiny") return { command: "tiny", args: rest };
  if (first === "help" || first === "version") return { command: first };
  if (first !== undefined && first !== "serve" && !first.startsWith("-")) {
    throw new UsageError(`Unknown command "${first}": expected serve, tiny, version or help`);
  }
  return parseServe(first === "serve" ? rest : args);
}

function parseServe(args: readonly string[]): Invocation {
  const values = new Map<ValueFlag, string>();
  const switches = new Set<Switch>();
  for (let i = 0; i < args.length; i++) {
    const arg = args[i] ?? "";
    if (!arg.startsWith("-")) throw new UsageError(`Unexpected argument "${arg}"`);
    const equals = arg.indexOf("=");
    const name = arg.slice(arg.startsWith("--") ? 2 : 1, equals < 0 ? undefined : equals);
    const attached = equals < 0 ? undefined : arg.slice(equals + 1);
    if (isOneOf(name, VALUE_FLAGS)) {
      const value = attached ?? args[++i];
      if (value === undefined) throw new UsageError(`Flag -${name} needs a value`);
      values.set(name, value);
    } else if (isOneOf(name, SWITCHES)) {
      if (parseSwitch(name, attached)) switches.add(name);
    } else {
      throw new UsageError(`Unknown flag "${arg}"`);
    }
  }
  if (switches.has("help") || switches.has("h")) return { command: "help" };
  if (switches.has("version")) return { command: "version" };
  const config = { file: pathIn(values, "config"), dir: pathIn(values, "config-dir") };
  const tls = readTls(values);
  const listen = values.get("listen") ?? "";
  const watch = switches.has("watch-config");
  const notices = watch && config.file === null && config.dir === null
    ? ["-watch-config has nothing to watch: the embedded default config is served"]
    : [];
  return {
    command: "serve",
    options: {
      config,
      listen: listen !== "" ? parseListen(listen) : tls === null ? DEFAULT_LISTEN : DEFAULT_TLS_LISTEN,
      watch,
      tls,
      notices,
    },
  };
}

function pathIn(values: ReadonlyMap<ValueFlag, string>, flag: ValueFlag): string | null {
  const path = values.get(flag);
  if (path === "") throw new UsageError(`Flag -${flag} needs a path`);
  return path ?? null;
}

function readTls(values: ReadonlyMap<ValueFlag, string>): TlsFiles | null {
  const certFile = pathIn(values, "tls-cert-file");
  const keyFile = pathIn(values, "tls-key-file");
  if (certFile === null && keyFile === null) return null;
  if (certFile === null || keyFile === null) {
    throw new FlagConflictError("Only one of -tls-cert-file and -tls-key-file is given: https needs both");
  }
  return { certFile, keyFile };
}

/**
 * Reads `host:port`, `:port` (all interfaces, as llama-swap means it) or `[v6]:port`.
 *
 * @throws {UsageError} when it is none of these.
 */
export function parseListen(text: string): ListenAddress {
  const match = /^(?:\[([0-9A-Fa-f:.]+)\]|([^:[\]\s]*)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  if (match === null || port > 65535) {
    throw new UsageError(`Flag -listen has "${text}": expected HOST:PORT, [IPV6]:PORT or :PORT`);
  }
  return { hostname: match[1] ?? (match[2] || "0.0.0.0"), port };
}

/** Whether only programs on this machine can reach the address. Names other than `localhost` count as reachable. */
export function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "::1" || /^127(\.\d{1,3}){3}$/.test(hostname);
}

function parseSwitch(name: string, value: string | undefined): boolean {
  if (value === undefined || ["1", "t", "T", "true", "TRUE", "True"].includes(value)) return true;
  if (["0", "f", "F", "false", "FALSE", "False"].includes(value)) return false;
  throw new UsageError(`Flag -${name} has "${value}": expected true or false`);
}

function isOneOf<T extends string>(name: string, names: readonly T[]): name is T {
  return names.some((known) => known === name);
}
