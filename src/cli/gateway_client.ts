/**
 * Talking to a running gateway.
 *
 * @module
 */

import type { Arguments, FlagSpec } from "./arguments.ts";
import { UsageError } from "./arguments.ts";
import type { Terminal } from "./command.ts";
import { unixPathIn } from "./listen_address.ts";
import { isGranted } from "./permissions.ts";
import { missingForSocket } from "./unix_socket.ts";

/** Where a gateway is looked for when nothing is said. */
export const DEFAULT_URL = "http://127.0.0.1:8080";

/** The flags of every command that talks to a gateway. */
export const CONNECTION_FLAGS: readonly FlagSpec[] = [
  {
    name: "url",
    value: "URL",
    help:
      `Where the gateway answers (default ${DEFAULT_URL}, or the variable BERTH_URL); unix:PATH means a unix socket`,
  },
  {
    name: "key",
    value: "KEY",
    help: "The key that it wants (default the variable BERTH_API_KEY, which no process list shows)",
  },
];

/** Nothing answers as a gateway. Exit code 3. */
export class UnreachableError extends Error {
  override readonly name = "UnreachableError";
}

/** The gateway answered, and said no. */
export class GatewayRefusedError extends Error {
  override readonly name = "GatewayRefusedError";
}

/** A request to the gateway. */
export interface Call {
  /** The HTTP method. */
  readonly method: "GET" | "POST";
  /** Path and query. */
  readonly path: string;
  /** Statuses that are answers like any other, besides the good ones. */
  readonly accepts?: readonly number[];
}

/**
 * Asks the gateway that the arguments, or else the environment, name.
 *
 * @throws {UnreachableError} when nothing answers.
 * @throws {GatewayRefusedError} for any status that is neither good nor in `accepts`.
 */
export async function callGateway(args: Arguments, terminal: Terminal, call: Call): Promise<Response> {
  const target = targetOf(args.value("url") ?? terminal.env("BERTH_URL") ?? DEFAULT_URL);
  const key = args.value("key") ?? terminal.env("BERTH_API_KEY") ?? "";
  const { shown } = target;
  let response: Response;
  try {
    response = await ask(target, call, key === "" ? {} : { authorization: `Bearer ${key}` });
  } catch (error) {
    throw new UnreachableError(`no gateway answers at ${shown} (${reasonOf(error)}); -url or BERTH_URL names another`);
  }
  if (response.ok || call.accepts?.includes(response.status)) return response;
  throw new GatewayRefusedError(await describeRefusal(response, { shown, path: call.path }));
}

/** Where a gateway is. */
interface Target {
  /** How it is named to people. */
  readonly shown: string;
  /** What stands in front of the path of a call. */
  readonly prefix: string;
  /** The unix socket that it listens on; `null` = the host of the prefix. */
  readonly socket: string | null;
}

/**
 * Reads where a gateway is.
 *
 * @throws {UsageError} when it is neither a URL nor a unix socket.
 * @throws {UnreachableError} when this process may not go there.
 */
function targetOf(text: string): Target {
  const socket = unixPathIn(text);
  if (socket !== null) return socketTarget(socket);
  const base = URL.canParse(text) ? new URL(text) : null;
  if (base === null || !/^https?:$/.test(base.protocol)) {
    throw new UsageError(
      `"${text}" is not where a gateway can be: expected a URL such as ${DEFAULT_URL}, or unix:PATH`,
    );
  }
  const host = `${base.hostname}:${base.port || (base.protocol === "https:" ? 443 : 80)}`;
  if (!isGranted({ name: "net", host })) {
    throw new UnreachableError(`this process may not reach ${host}: run it with --allow-net or -P`);
  }
  const shown = base.origin + base.pathname.replace(/\/+$/, "");
  return { shown, prefix: shown, socket: null };
}

function socketTarget(path: string): Target {
  // The runtime asks for the host, too, although the socket is meant.
  const isFetchFree = isGranted({ name: "net", host: "localhost:80" });
  const missing = [missingForSocket(path), isFetchFree ? "" : "--allow-net=localhost:80"].filter((flag) => flag !== "");
  if (missing.length > 0) {
    throw new UnreachableError(`this process may not use unix:${path}: run it with ${missing.join(" ")} besides`);
  }
  return { shown: `unix:${path}`, prefix: "http://localhost", socket: path };
}

async function ask(
  { prefix, socket }: Target,
  { method, path }: Call,
  headers: Readonly<Record<string, string>>,
): Promise<Response> {
  const url = `${prefix}${path}`;
  if (socket === null) return await fetch(url, { method, headers });
  using client = Deno.createHttpClient({ proxy: { transport: "unix", path: socket } });
  return await fetch(url, { method, headers, client });
}

function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const text = cause instanceof Error ? cause.message : String(cause);
  return /refused/i.test(text) ? "connection refused" : text;
}

async function describeRefusal(
  response: Response,
  { shown, path }: { readonly shown: string; readonly path: string },
): Promise<string> {
  const said = messageIn(await response.text());
  if (response.status === 401) return `the gateway at ${shown} wants a key: give -key or BERTH_API_KEY`;
  const where = `${shown}${path.replace(/\?.*/, "")}`;
  return `${where} answered ${response.status}${said === "" ? "" : `: ${said}`}`;
}

/** The message of an error body, or the first line of any other. */
function messageIn(body: string): string {
  try {
    const parsed: unknown = JSON.parse(body);
    const error = field(parsed, "error");
    const message = field(error, "message") ?? error;
    if (typeof message === "string") return message;
  } catch {
    // not JSON
  }
  return (body.split("\n")[0] ?? "").slice(0, 200);
}

/** A field of something that came from outside; `undefined` when there is none. */
export function field(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null && Object.hasOwn(value, name)
    ? (value as Readonly<Record<string, unknown>>)[name]
    : undefined;
}
