/**
 * The client's end of a websocket, which the runtime speaks: it cannot be paused, and does not tell when it has sent something.
 *
 * @module
 */

import type { Clock } from "../../clock.ts";
import type { Message } from "./backend_socket.ts";
import { closeArguments, type CloseReason } from "./close_codes.ts";

/** What a {@link ClientSocket} is made of. */
export interface ClientSocketOptions {
  readonly socket: WebSocket;
  /** Bytes that may wait for the client; beyond them there is no room until half of it is left. */
  readonly maxWaitingBytes: number;
  readonly clock: Clock;
}

/** No event tells that a client has taken something: it is looked at again and again, less often the longer it takes. */
const FIRST_LOOK_MS = 2;
const LAST_LOOK_MS = 100;
/** See {@link ClientSocket.closeWhenQuiet}. */
const QUIET_MS = 50;
const MOST_NOISE_MS = 1000;

/** One websocket to a client. */
export class ClientSocket {
  readonly #socket: WebSocket;
  readonly #maxWaitingBytes: number;
  readonly #clock: Clock;
  #resume: (() => void) | null = null;
  #cancelLook: (() => void) | null = null;
  #cancelQuiet: (() => void) | null = null;
  #heard = 0;

  /** Sets how bytes arrive. */
  constructor({ socket, maxWaitingBytes, clock }: ClientSocketOptions) {
    this.#socket = socket;
    this.#maxWaitingBytes = maxWaitingBytes;
    this.#clock = clock;
    socket.binaryType = "arraybuffer";
    socket.addEventListener("message", () => void this.#heard++);
    socket.addEventListener("close", () => this.#cancelQuiet?.());
  }

  /** Sends a message, in order. */
  send(message: Message): void {
    this.#socket.send(message);
  }

  /** A promise while too much waits. */
  room(): Promise<void> | undefined {
    if (this.#socket.bufferedAmount <= this.#maxWaitingBytes) return;
    this.#look(FIRST_LOOK_MS);
    return new Promise((resolve) => void (this.#resume = resolve));
  }

  /** Nobody is held up any more. */
  letGo(): void {
    this.#cancelLook?.();
    this.#resume?.();
    this.#resume = null;
  }

  /** Closes it behind what was sent. */
  close(reason: CloseReason): void {
    this.#socket.close(...closeArguments(reason));
  }

  /**
   * Closes it once the client has said nothing for a while, or after a second. The runtime drops a connection on which a message
   * follows its own close frame, mostly before the client has read that, and who has sent too much is likely to send on.
   */
  closeWhenQuiet(reason: CloseReason, untilMs: number = this.#clock.now() + MOST_NOISE_MS): void {
    const before = this.#heard;
    this.#cancelQuiet = this.#clock.after(QUIET_MS, () => {
      if (this.#heard === before || this.#clock.now() >= untilMs) this.close(reason);
      else this.closeWhenQuiet(reason, untilMs);
    });
  }

  #look(afterMs: number): void {
    this.#cancelLook = this.#clock.after(afterMs, () => {
      if (this.#socket.bufferedAmount <= this.#maxWaitingBytes / 2) this.letGo();
      else this.#look(Math.min(2 * afterMs, LAST_LOOK_MS));
    });
  }
}
