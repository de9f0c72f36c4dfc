/**
 * A websocket of a client joined to one of a backend: messages both ways within bounds, closes both ways, and the lease.
 *
 * @module
 */

import type { Clock } from "../../clock.ts";
import { toGatewayError } from "../../errors.ts";
import type { Log } from "../../log.ts";
import { type BackendEnd, BackendSocket, costOf, type Message, type Outgoing, outgoing } from "./backend_socket.ts";
import { ClientSocket } from "./client_socket.ts";
import { CLOSE, closeAfterFault, closeFor, type CloseReason, reasonOf } from "./close_codes.ts";
import { type LeaseSource, SocketLease } from "./socket_lease.ts";
import type { UpstreamTunnel } from "../upstream/message.ts";

/** How much may wait, in bytes. */
export interface SocketBounds {
  /** For the client: beyond this the backend is not read until half of it is left. */
  readonly forClient: number;
  /** For the backend: beyond this the websocket is closed with 1013, unless it is a single message. */
  readonly forBackend: number;
  /** The largest message of a backend; beyond this the websocket is closed with 1009. */
  readonly message: number;
}

const MIB = 1024 * 1024;

/** The bounds that hold unless others are given. The runtime takes no frame of more than 64 MiB from a client. */
export const SOCKET_BOUNDS: SocketBounds = { forClient: MIB, forBackend: 16 * MIB, message: 64 * MIB };

/** How a websocket ended. */
export interface SocketEnd {
  /** Who began it. */
  readonly by: "client" | "backend" | "gateway";
  /** The code that it ended with; null where there was none. */
  readonly code: number | null;
}

/** What a {@link Bridge} joins. */
export interface BridgeOptions {
  /** Just accepted, and not open yet. */
  readonly client: WebSocket;
  /** Aborts when the client leaves before its websocket is open; means nothing afterwards. */
  readonly signal: AbortSignal;
  readonly tunnel: UpstreamTunnel;
  /** Null for a websocket that holds none. */
  readonly lease: LeaseSource | null;
  /** Aborts when the process behind the tunnel is being stopped; see `SocketLeaseOptions`. */
  readonly leaving: AbortSignal;
  /** Aborts, with a `GatewayError`, when an operator ends it, whether or not it holds its lease. */
  readonly removed: AbortSignal;
  readonly bounds: SocketBounds;
  readonly clock: Clock;
  readonly log: Log;
  /** Told how many bytes have come from the backend. */
  readonly onBytes?: ((count: number) => void) | undefined;
  /** Told once, when the backend is not used any more. */
  readonly onEnd?: (end: SocketEnd) => void;
  /** Told when the client's end is closed too, or was never opened. */
  readonly onClientGone: () => void;
}

/** How long a client may take from our answer to an open websocket, once its request looks aborted; in milliseconds. */
const OPENING_MS = 5000;
/** How long a lost connection may wait for the news that its process is being stopped, in milliseconds. */
const EXIT_NEWS_MS = 500;
const TOO_MUCH: CloseReason = { code: CLOSE.tryAgainLater, reason: "The model's backend takes messages too slowly" };
const LOST_CLIENT: CloseReason = { code: CLOSE.goingAway, reason: "The client is gone" };
const GOING_AWAY: CloseReason = { code: CLOSE.goingAway, reason: "" };

interface Ending {
  readonly by: SocketEnd["by"];
  /** Null where the client has closed, or is gone. */
  readonly toClient: CloseReason | null;
  readonly toBackend: CloseReason;
}

/** One websocket through the gateway. */
export class Bridge {
  readonly #options: BridgeOptions;
  readonly #client: ClientSocket;
  readonly #backend: BackendSocket;
  #lease: SocketLease | null = null;
  /** Messages of the client that wait for the lease. */
  #waiting: Outgoing[] = [];
  #waitingBytes = 0;
  #isOpen = false;
  #ending: Ending | null = null;
  #cancelDeadline: (() => void) | null = null;
  readonly #onLeaving = () =>
    this.#stop({ code: CLOSE.serviceRestart, reason: "The model's backend is being stopped" });
  readonly #onRemoved = () => this.#stop(closeFor(toGatewayError(this.#options.removed.reason)));
  readonly #onAbort = () => this.#setDeadline(OPENING_MS, () => this.#isOpen || this.#lostClient());

  /** Does nothing yet. */
  constructor(options: BridgeOptions) {
    this.#options = options;
    const { client, tunnel, bounds, clock } = options;
    this.#client = new ClientSocket({ socket: client, maxWaitingBytes: bounds.forClient, clock });
    this.#backend = new BackendSocket({ tunnel, maxMessageBytes: bounds.message, clock });
  }

  /** Joins the two ends, whose lease is its own from now on; the backend is not read before the client's end is open. */
  start(): void {
    const { client, signal, lease, leaving, removed, clock, onClientGone } = this.#options;
    client.addEventListener("open", () => this.#opened());
    client.addEventListener("message", ({ data }) => this.#fromClient(outgoing(data)));
    client.addEventListener("close", (event) => {
      this.#clientClosed(reasonOf(event));
      onClientGone();
    });
    if (this.#ending !== null) return lease?.held.release();
    leaving.addEventListener("abort", this.#onLeaving);
    removed.addEventListener("abort", this.#onRemoved);
    signal.addEventListener("abort", this.#onAbort);
    if (lease !== null) {
      this.#lease = new SocketLease({
        ...lease,
        leaving,
        clock,
        onHeld: () => this.#passWaiting(),
        onLost: (error) => this.#stop(closeFor(error)),
      });
    }
    if (leaving.aborted) this.#onLeaving();
    else if (removed.aborted) this.#onRemoved();
    else if (signal.aborted) this.#onAbort();
  }

  /** Closes both ends; harmless when it has ended. */
  close(reason: CloseReason): void {
    this.#stop(reason);
  }

  #opened(): void {
    this.#isOpen = true;
    this.#options.signal.removeEventListener("abort", this.#onAbort);
    if (this.#ending !== null) return this.#closeClient(this.#ending.toClient);
    this.#clearDeadline();
    this.#backend.run(
      (message) => this.#fromBackend(message),
      (readBytes) => {
        if (this.#ending !== null) return;
        this.#options.onBytes?.(readBytes);
        return this.#client.room();
      },
    ).then((end) => this.#ended(end));
  }

  #fromClient(message: Outgoing): void {
    if (this.#ending !== null) return;
    const waiting = this.#waitingBytes + this.#backend.unsentBytes;
    if (waiting > 0 && waiting + costOf(message) > this.#options.bounds.forBackend) {
      this.#backend.dropUnsent();
      return this.#stop(TOO_MUCH);
    }
    if (this.#lease === null || this.#lease.touch()) return this.#backend.send(message);
    this.#waiting.push(message);
    this.#waitingBytes += costOf(message);
  }

  #passWaiting(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#waitingBytes = 0;
    for (const message of waiting) this.#backend.send(message);
  }

  #fromBackend(message: Message): void {
    if (this.#ending !== null) return;
    this.#lease?.touch();
    this.#client.send(message);
  }

  #ended(end: BackendEnd): void {
    if (this.#ending !== null) return;
    switch (end.kind) {
      case "closed":
        return this.#end({ by: "backend", toClient: end.reason, toBackend: end.reason });
      case "fault":
        this.#options.log.warn(`A websocket was closed: its backend is at fault: ${end.fault.message}`);
        return this.#end({ by: "gateway", toClient: closeAfterFault(end.fault), toBackend: GOING_AWAY });
      case "lost":
        // Of a process that is being stopped its sockets may tell first.
        return this.#setDeadline(EXIT_NEWS_MS, () => {
          const toClient = { code: CLOSE.internalError, reason: "The model's backend broke off" };
          this.#end({ by: "backend", toClient, toBackend: toClient });
        });
      default:
        end satisfies never;
    }
  }

  #clientClosed(reason: CloseReason | null): void {
    if (reason === null) this.#lostClient();
    else this.#end({ by: "client", toClient: null, toBackend: reason });
  }

  /** The backend is told, and not cut: a server of Deno's does not shut down after it has lost a websocket. */
  #lostClient(): void {
    this.#end({ by: "client", toClient: null, toBackend: LOST_CLIENT });
  }

  #stop(toClient: CloseReason): void {
    this.#end({ by: "gateway", toClient, toBackend: GOING_AWAY });
  }

  #end(ending: Ending): void {
    if (this.#ending !== null) return;
    this.#ending = ending;
    const { by, toClient, toBackend } = ending;
    const { leaving, removed, signal, log, onEnd, onClientGone } = this.#options;
    leaving.removeEventListener("abort", this.#onLeaving);
    removed.removeEventListener("abort", this.#onRemoved);
    signal.removeEventListener("abort", this.#onAbort);
    this.#clearDeadline();
    this.#waiting = [];
    this.#lease?.end();
    if (this.#isOpen) this.#closeClient(toClient);
    else onClientGone();
    this.#backend.close(toBackend);
    if (!this.#isOpen) void this.#backend.run(() => {}); // nobody has read it yet, and it is to answer the close
    this.#client.letGo();
    const { code } = toClient ?? toBackend;
    log.debug(`A websocket was closed by the ${by}, with ${code === null ? "no code" : `code ${code}`}`);
    onEnd?.({ by, code });
  }

  #closeClient(reason: CloseReason | null): void {
    if (reason === TOO_MUCH) this.#client.closeWhenQuiet(reason);
    else if (reason !== null) this.#client.close(reason);
  }

  #setDeadline(delayMs: number, run: () => void): void {
    if (this.#ending === null) this.#cancelDeadline ??= this.#options.clock.after(delayMs, run);
  }

  #clearDeadline(): void {
    this.#cancelDeadline?.();
    this.#cancelDeadline = null;
  }
}
