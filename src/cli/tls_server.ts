/**
 * An https server whose certificate can change. The runtime cannot give a server another one, so a new server takes the
 * place of the old, which ends what it has begun.
 *
 * @module
 */

import type { Clock } from "../clock.ts";
import { background, type Log } from "../log.ts";
import type { KeyPair } from "./certificate.ts";

/** A server that can be ended, as the runtime gives it. */
export interface EndableServer {
  /** Where it listens. */
  readonly addr: Deno.NetAddr;
  /** Stops to listen at once; resolves when its last answer is out. */
  shutdown(): Promise<void>;
}

/** What a {@link TlsServer} is made of. */
export interface TlsServerOptions {
  /** The pair to begin with. */
  readonly pair: KeyPair;
  /** Starts a server; on this port when one is given. Throws what the runtime throws. */
  readonly start: (pair: KeyPair, port?: number) => EndableServer;
  /** Whether no request is being received: what is left of a body when its server is shut down cannot be read any more. */
  readonly isQuiet: () => boolean;
  /** Time. */
  readonly clock: Clock;
  /** Where a change and what goes wrong are told. */
  readonly log: Log;
}

/** How long a quiet moment is waited for, in milliseconds; after that a request that is half sent may break off. */
const PATIENCE_MS = 10 * 60_000;

/** Milliseconds between two looks for such a moment. */
const LOOK_MS = 20;

/** Milliseconds between two tries to listen; the port is free about 3 ms after the old server let go of it. */
const RETRY_MS = 1;

/** Milliseconds after which a port that is still taken is worth a line in the log, and again. */
const TELL_MS = 5_000;

/** An https server that goes on with another certificate when it is told. */
export class TlsServer {
  readonly #options: TlsServerOptions;
  readonly #port: number;
  #inForce: KeyPair;
  #current: EndableServer | null;
  /** The pair that is to be used from the next quiet moment on. */
  #next: KeyPair | null = null;
  readonly #ending = new Set<Promise<void>>();
  #cancel = () => {};
  #isEnded = false;

  /** Starts to listen. Throws what `start` throws. */
  constructor(options: TlsServerOptions) {
    this.#options = options;
    this.#inForce = options.pair;
    this.#current = options.start(options.pair);
    this.addr = this.#current.addr;
    this.#port = this.addr.port;
  }

  /** Where it listens; the same for ever. */
  readonly addr: Deno.NetAddr;

  /** Uses another pair as soon as no request is being received; nothing happens when it is the one in use. */
  renew(pair: KeyPair): void {
    const last = this.#next ?? this.#inForce;
    if (this.#isEnded || (last.cert === pair.cert && last.key === pair.key)) return;
    const isUnderWay = this.#next !== null || this.#current === null;
    this.#next = pair;
    if (isUnderWay) return;
    const { isQuiet, clock, log } = this.#options;
    if (!isQuiet()) log.info("The new certificate will be used as soon as no request is being received");
    this.#awaitQuiet(clock.now() + PATIENCE_MS);
  }

  /** Stops to listen at once; resolves when the last answer is out, of servers before, too. */
  async shutdown(): Promise<void> {
    this.#isEnded = true;
    this.#cancel();
    this.#end();
    await Promise.all(this.#ending);
  }

  #awaitQuiet(deadline: number): void {
    const { isQuiet, clock } = this.#options;
    if (!isQuiet() && clock.now() < deadline) {
      this.#cancel = clock.after(LOOK_MS, () => this.#awaitQuiet(deadline));
      return;
    }
    this.#end();
    this.#listenAgain(clock.now());
  }

  #end(): void {
    const old = this.#current;
    if (old === null) return;
    this.#current = null;
    const end = old.shutdown();
    this.#ending.add(end);
    background(
      this.#options.log,
      "ending the server of an old certificate",
      end.finally(() => this.#ending.delete(end)),
    );
  }

  #listenAgain(toldAt: number): void {
    const { start, clock, log } = this.#options;
    // A pair that is refused although it was checked is given up; the one before was good.
    const pair = this.#next ?? this.#inForce;
    try {
      this.#current = start(pair, this.#port);
    } catch (error) {
      const isTaken = error instanceof Deno.errors.AddrInUse;
      const now = clock.now();
      const isToTell = !isTaken || now - toldAt >= TELL_MS;
      if (isToTell) {
        log.error(`Cannot listen with the new certificate: ${error instanceof Error ? error.message : error}`);
      }
      if (!isTaken) this.#next = null;
      const delayMs = isTaken || pair !== this.#inForce ? RETRY_MS : TELL_MS;
      this.#cancel = clock.after(delayMs, () => this.#listenAgain(isToTell ? now : toldAt));
      return;
    }
    this.#next = null;
    if (pair === this.#inForce) return;
    this.#inForce = pair;
    log.info("The new certificate is in use; connections from before keep the old one until they end");
  }
}
