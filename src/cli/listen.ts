/**
 * The gateway's own listener: http, or https with a certificate from files.
 *
 * @module
 */

import type { Config } from "../config/types.ts";
import { GatewayError } from "../errors.ts";
import type { Log } from "../log.ts";
import type { Worker } from "../worker.ts";
import { isLoopback, type ListenAddress, type TlsFiles } from "./flags.ts";
import { isGranted } from "./permissions.ts";

/** A listener; see {@link listen}. */
export type Server = Deno.HttpServer<Deno.NetAddr>;

/** The gateway cannot listen; the message says where and why. */
export class ListenError extends Error {
  override readonly name = "ListenError";
}

/** What {@link listen} is told. */
export interface ListenOptions {
  /** Where. */
  readonly address: ListenAddress;
  /** Files for https; `null` = http. */
  readonly tls: TlsFiles | null;
  /** Who answers. */
  readonly worker: Pick<Worker, "fetch">;
  /** Where an answer that broke is told. */
  readonly log: Log;
}

/**
 * Starts to serve.
 *
 * @throws {ListenError} when the address cannot be had, or a file of `tls` cannot be read or used.
 */
export function listen({ address, tls, worker, log }: ListenOptions): Server {
  const options = {
    hostname: address.hostname,
    port: address.port,
    onListen() {},
    onError: (error: unknown) => {
      // What broke off with a code of ours was told where it happened.
      if (!(error instanceof GatewayError)) log.error(`A response broke: ${error}`);
      return new Response(null, { status: 500 });
    },
  };
  const answer = (request: Request, info: Deno.ServeHandlerInfo<Deno.NetAddr>) =>
    worker.fetch(request, { remoteAddr: info.remoteAddr });
  if (tls === null) return tryTo(`listen on ${format(address)}`, () => Deno.serve(options, answer));
  const cert = readPem(tls.certFile, "CERTIFICATE");
  const key = readPem(tls.keyFile, "PRIVATE KEY");
  return tryTo(
    `serve https on ${format(address)} with ${tls.certFile} and ${tls.keyFile}`,
    () => Deno.serve({ ...options, cert, key }, answer),
  );
}

/** Tells where the gateway is reached and, where anyone can reach it, so. */
export function announce({ addr }: Server, config: Config, { tls, log }: Pick<ListenOptions, "tls" | "log">): void {
  const scheme = tls === null ? "http" : "https";
  log.info(`Listening on ${scheme}://${format(addr)}`);
  warnOfStrangers(addr, config, log);
  const model = config.models.keys().next().value;
  if (model === undefined) return;
  const body = JSON.stringify({ model, messages: [{ role: "user", content: "The harbour at night" }] });
  const key = config.apiKeys.length > 0 ? " -H 'authorization: Bearer YOUR_KEY'" : "";
  const url = `${scheme}://${format({ hostname: reachable(addr.hostname), port: addr.port })}/v1/chat/completions`;
  log.info(`Try: curl ${url} -H 'content-type: application/json'${key} -d '${body.replaceAll("'", "'\\''")}'`);
}

/** Warns when programs on other machines can use the gateway and no key is asked for. */
export function warnOfStrangers(address: ListenAddress, { apiKeys }: Config, log: Log): void {
  if (isLoopback(address.hostname) || apiKeys.length > 0) return;
  log.warn(
    `ANYONE who can reach ${format(address)} can use and steer this gateway: no apiKeys are configured. ` +
      "Add apiKeys to the config, or listen on 127.0.0.1",
  );
}

function readPem(file: string, what: string): string {
  if (!isGranted({ name: "read", path: file })) {
    throw new ListenError(`Cannot read ${file}: this process may not read files; run it with --allow-read or -P`);
  }
  const text = tryTo(`read ${file}`, () => Deno.readTextFileSync(file));
  if (new RegExp(`-----BEGIN [A-Z ]*${what}-----`).test(text)) return text;
  throw new ListenError(`${file} holds no ${what.toLowerCase()} in PEM form: expected a line -----BEGIN ${what}-----`);
}

function tryTo<T>(what: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    throw new ListenError(`Cannot ${what}: ${error instanceof Error ? error.message : error}`);
  }
}

/** An address that this machine can connect to, for one that it listens on. */
function reachable(hostname: string): string {
  if (hostname === "0.0.0.0") return "127.0.0.1";
  return hostname === "::" ? "::1" : hostname;
}

function format({ hostname, port }: ListenAddress): string {
  return hostname.includes(":") ? `[${hostname}]:${port}` : `${hostname}:${port}`;
}
