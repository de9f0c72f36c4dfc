/**
 * The gateway's own listener: http on a TCP address or a unix socket, or https with a certificate from files.
 *
 * @module
 */

import { systemClock } from "../clock.ts";
import { GatewayError } from "../errors.ts";
import type { Log } from "../log.ts";
import type { Worker } from "../worker.ts";
import { readKeyPair } from "./certificate.ts";
import { ClosedConnections } from "./closed_connections.ts";
import type { TlsFiles } from "./flags.ts";
import { formatAddress, type ListenAddress, ListenError, type TcpAddress, type UnixAddress } from "./listen_address.ts";
import { TlsServer } from "./tls_server.ts";
import { claimSocket, openSocketToGroup } from "./unix_socket.ts";

/** A listener; see {@link listen}. */
export interface Server {
  /** Where it really listens. */
  readonly address: ListenAddress;
  /**
   * Reads the files of the certificate again, and uses what is in them for connections from then on. A pair that cannot
   * be used is told in the log, and the one before stays. Nothing without https.
   */
  renewCertificate(): void;
  /** Stops to listen at once; resolves when the last answer is out. */
  shutdown(): Promise<void>;
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
export async function listen(options: ListenOptions): Promise<Server> {
  const { address, tls } = options;
  if (address.kind === "unix") return await listenOnSocket(address, options);
  return tls === null ? listenPlain(address, options) : listenTls(tls, address, options);
}

function listenPlain(address: TcpAddress, { worker, log }: ListenOptions): Server {
  const server: Deno.HttpServer<Deno.NetAddr> = tryTo(
    `listen on ${formatAddress(address)}`,
    () =>
      Deno.serve(
        { ...hostPort(address), ...settings(log) },
        (request, { remoteAddr }) => worker.fetch(request, { remoteAddr, connection: closed.begin(remoteAddr.port) }),
      ),
  );
  const closed = new ClosedConnections(server.addr.port, systemClock);
  return {
    address: { kind: "tcp", ...hostPort(server.addr) },
    renewCertificate() {},
    shutdown() {
      closed.close();
      return server.shutdown();
    },
  };
}

function listenTls(files: TlsFiles, address: TcpAddress, { worker, log }: ListenOptions): Server {
  const pair = readKeyPair(files);
  const server = tryTo(
    `serve https on ${formatAddress(address)} with ${files.certFile} and ${files.keyFile}`,
    () =>
      new TlsServer({
        address,
        pair,
        answer: (request, info) => worker.fetch(request, info),
        onError: settings(log).onError,
        clock: systemClock,
        log,
      }),
  );
  return {
    address: { kind: "tcp", ...hostPort(server.addr) },
    renewCertificate() {
      tryToRenew(() => server.renew(readKeyPair(files)), log);
    },
    shutdown: () => server.shutdown(),
  };
}

function tryToRenew(renew: () => void, log: Log): void {
  try {
    renew();
  } catch (error) {
    log.error(`${error instanceof Error ? error.message : error}. The certificate from before stays in use`);
  }
}

async function listenOnSocket(address: UnixAddress, { worker, log }: ListenOptions): Promise<Server> {
  const { path } = address;
  await claimSocket(path);
  const server = tryTo(
    `listen on ${formatAddress(address)}`,
    () => Deno.serve({ path, ...settings(log) }, (request) => worker.fetch(request)),
  );
  try {
    await openSocketToGroup(path);
  } catch (error) {
    await server.shutdown();
    throw error;
  }
  return { address, renewCertificate() {}, shutdown: () => server.shutdown() };
}

function settings(log: Log): { readonly onListen: () => void; readonly onError: (error: unknown) => Response } {
  return {
    onListen() {},
    onError(error) {
      // What broke off with a code of ours was told where it happened.
      if (!(error instanceof GatewayError)) log.error(`A response broke: ${error}`);
      return new Response(null, { status: 500 });
    },
  };
}

function hostPort({ hostname, port }: Deno.NetAddr | TcpAddress): { readonly hostname: string; readonly port: number } {
  return { hostname, port };
}

function tryTo<T>(what: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    if (error instanceof ListenError) throw error;
    throw new ListenError(`Cannot ${what}: ${error instanceof Error ? error.message : error}`);
  }
}
