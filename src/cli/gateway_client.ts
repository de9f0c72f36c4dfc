/**
 * Talking to a running gateway.
 *
 * @module
 */

import type { Arguments, FlagSpec } from "./arguments.ts";
import { UsageError } from "./arguments.ts";
import type { Terminal } from "./command.ts";
import { isGranted } from "./permissions.ts";

/** Where a gateway is looked for when nothing is said. */
export const DEFAULT_URL = "http://127.0.0.1:8080";

/** The flags of every command that talks to a gateway. */
export const CONNECTION_FLAGS: readonly FlagSpec[] = [
  { name: "url", value: "URL", help: `Where the gateway answers (default ${DEFAULT_URL}, or the variable BERTH_URL)` },
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
  const base = baseUrl(args.value("url") ?? terminal.env("BERTH_URL") ?? DEFAULT_URL);
  const key = args.value("key") ?? terminal.env("BERTH_API_KEY") ?? "";
  const host = `${base.hostname}:${base.port || (base.protocol === "https:" ? 443 : 80)}`;
  if (!isGranted({ name: "net", host })) {
    throw new UnreachableError(`this process may not reach ${host}: run it with --allow-net or -P`);
  }
  const path = base.pathname.replace(/\/+$/, "");
  const shown = base.origin + path;
  let response: Response;
  try {
    response = await fetch(`${shown}${call.path}`, {
      method: call.method,
      headers: key === "" ? {} : { authorization: `Bearer ${key}` },
    });
  } catch (error) {
    throw new UnreachableError(`no gateway answers at ${shown} (${reasonOf(error)}); -url or BERTH_URL names another`);
  }
  if (response.ok || call.accepts?.includes(response.status)) return response;
  throw new GatewayRefusedError(await describeRefusal(response, { shown, path: call.path }));
}

function baseUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new UsageError(`"${text}" is not where a gateway can be: expected a URL such as ${DEFAULT_URL}`);
  }
  return url;
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
