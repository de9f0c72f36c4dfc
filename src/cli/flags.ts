/**
 * The flags of `berth serve`, which are llama-swap's (spec §1.1), and what they ask for.
 *
 * @module
 */

import { type Arguments, type FlagSpec, UsageError } from "./arguments.ts";
import { DEFAULT_LISTEN, DEFAULT_TLS_LISTEN, type ListenAddress, parseListen } from "./listen_address.ts";

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

/** The arguments are understood, but do not fit together. Exit code 1, as llama-swap has it (spec §1.1.3). */
export class FlagConflictError extends UsageError {
  override readonly name = "FlagConflictError";
}

/** The flags that name a config, of every command that reads one. */
export const CONFIG_FLAGS: readonly FlagSpec[] = [
  {
    name: "config",
    value: "FILE",
    completes: "file",
    help: "llama-swap compatible config; without one the built-in default config is meant",
  },
  {
    name: "config-dir",
    value: "DIR",
    completes: "folder",
    help: "Folder whose *.yaml and *.yml files are merged in, in order of their names",
  },
];

/** Where the gateway listens, for every command that needs to know. */
export const LISTEN_FLAGS: readonly FlagSpec[] = [
  {
    name: "listen",
    value: "HOST:PORT",
    help: "Where to listen (default 127.0.0.1:8080, with TLS 127.0.0.1:8443); :PORT means all interfaces, " +
      "unix:PATH a unix socket",
  },
  { name: "tls-cert-file", value: "PEM", completes: "file", help: "Serve https with this certificate" },
  { name: "tls-key-file", value: "PEM", completes: "file", help: "The certificate's private key" },
];

/** Every flag of `serve`. */
export const SERVE_FLAGS: readonly FlagSpec[] = [
  ...CONFIG_FLAGS,
  ...LISTEN_FLAGS,
  { name: "watch-config", help: "Reload when the config's files change" },
  { name: "version", help: "Print the version and exit" },
];

/**
 * Reads what `serve` is asked for.
 *
 * @throws {UsageError} for a value that is malformed.
 * @throws {FlagConflictError} for one TLS file without the other, or TLS on a unix socket.
 */
export function readServeOptions(args: Arguments): ServeOptions {
  const config = readConfigPaths(args);
  const tls = readTls(args);
  const listen = readListen(args, tls);
  const watch = args.has("watch-config");
  const notices = watch && config.file === null && config.dir === null
    ? ["-watch-config has nothing to watch: the embedded default config is served"]
    : [];
  return {
    config,
    listen,
    watch,
    tls,
    notices,
  };
}

/** Reads which config is meant. */
export function readConfigPaths(args: Arguments): ConfigPaths {
  return { file: pathIn(args, "config"), dir: pathIn(args, "config-dir") };
}

function pathIn(args: Arguments, flag: string): string | null {
  const path = args.value(flag);
  if (path === "") throw new UsageError(`Flag -${flag} needs a path`);
  return path;
}

function readListen(args: Arguments, tls: TlsFiles | null): ListenAddress {
  const text = args.value("listen") ?? "";
  if (text === "") return tls === null ? DEFAULT_LISTEN : DEFAULT_TLS_LISTEN;
  const listen = parseListen(text);
  if (listen.kind === "unix" && tls !== null) {
    throw new FlagConflictError("A unix socket is served without TLS: leave -tls-cert-file and -tls-key-file out");
  }
  return listen;
}

function readTls(args: Arguments): TlsFiles | null {
  const certFile = pathIn(args, "tls-cert-file");
  const keyFile = pathIn(args, "tls-key-file");
  if (certFile === null && keyFile === null) return null;
  if (certFile === null || keyFile === null) {
    throw new FlagConflictError("Only one of -tls-cert-file and -tls-key-file is given: https needs both");
  }
  return { certFile, keyFile };
}
