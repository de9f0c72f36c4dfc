/**
 * The least that a gateway must be allowed to serve a config.
 *
 * @module
 */

import { splitCommand } from "../config/command.ts";
import { PLATFORM } from "./config_files.ts";
import type { ServeOptions } from "./flags.ts";
import { formatHostPort } from "./listen_address.ts";
import type { LoadedFiles } from "./loading.ts";

/** Permissions of `deno run`, each a list of what is allowed. */
export interface LeastPermissions {
  /** Programs; `null` = any, where a list is not enough. */
  readonly run: readonly string[] | null;
  /** `host:port`, listened on or connected to. */
  readonly net: readonly string[];
  /** Files and folders. */
  readonly read: readonly string[];
  /** Files that are made and removed. */
  readonly write: readonly string[];
  /** Environment variables. */
  readonly env: readonly string[];
}

/** Variables that make a program load code, which the runtime passes on only to those that may run everything. */
const LOADER_VARIABLE = /^(LD|DYLD)_/;

/** Finds out what serving `loaded` with these options takes. */
export function leastPermissions(loaded: LoadedFiles, options: ServeOptions): LeastPermissions {
  const models = [...loaded.config.models.values()];
  const peers = [...loaded.config.peers.values()];
  const { config, tls, listen } = options;
  const socket = listen.kind === "unix" ? [listable(listen.path)] : [];
  const loads = models.some(({ env }) => env.some((entry) => LOADER_VARIABLE.test(entry)));
  // Backends are started, watched and ended through `sh`; a stop command is run as it is.
  const programs = ["sh", ...models.flatMap(({ cmdStop }) => cmdStop === null ? [] : programOf(cmdStop))];
  return {
    run: loads || programs.some((program) => program.includes(",")) ? null : unique(programs),
    net: unique([
      // Behind an https port each certificate has a server of its own, on a port of loopback.
      ...tls === null ? [] : ["127.0.0.1"],
      listen.kind === "unix" ? `unix:${listable(listen.path)}` : formatHostPort(listen),
      ...[...models, ...peers].map(({ proxy }) => addressOf(proxy)),
    ]),
    read: unique([
      ...[config.file, config.dir, tls?.certFile ?? null, tls?.keyFile ?? null].filter((path) => path !== null).map(
        listable,
      ),
      ...socket,
    ]),
    write: socket,
    env: [...loaded.environment.keys()].sort(),
  };
}

/** Writes permissions as flags of `deno run` and `deno compile`. */
export function permissionFlags({ run, net, read, write, env }: LeastPermissions): readonly string[] {
  const flag = (name: string, list: readonly string[]) =>
    list.length === 0 ? [] : [`--allow-${name}=${list.join(",")}`];
  return [
    "--no-prompt",
    ...(run === null ? ["--allow-run"] : flag("run", run)),
    ...flag("net", net),
    ...flag("read", read),
    ...flag("write", write),
    ...flag("env", env),
  ];
}

function programOf(command: string): readonly string[] {
  return splitCommand(command, PLATFORM).slice(0, 1);
}

function addressOf(url: string): string {
  const { hostname, port, protocol } = new URL(url);
  return formatHostPort({
    hostname: hostname.replace(/^\[|\]$/g, ""),
    port: Number(port || (protocol === "https:" ? 443 : 80)),
  });
}

/** A path with a comma cannot stand in a list of paths: the nearest folder above it that can. */
function listable(path: string): string {
  const comma = path.indexOf(",");
  if (comma < 0) return path;
  const slash = path.lastIndexOf("/", comma);
  return slash < 0 ? "." : path.slice(0, slash) || "/";
}

function unique(items: readonly string[]): readonly string[] {
  return [...new Set(items)];
}
