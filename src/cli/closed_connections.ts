/**
 * Clients that leave while they wait for an answer, on Linux.
 *
 * The runtime (Deno 2.9.6) does not look at a connection between a body that came later than its head and the beginning of the
 * answer: whoever leaves meanwhile stays in line, and a model would be loaded and asked for nobody. The kernel knows, so it is
 * asked while requests wait: the end of a connection that its client has closed is in the state CLOSE_WAIT, or not there.
 *
 * @module
 */

import type { Clock } from "../clock.ts";
import { Chain, type Link } from "../observe/chain.ts";
import type { ClientConnection } from "../serving/client_connection.ts";
import { isGranted } from "./permissions.ts";

/** How often the kernel is asked while a request waits, in milliseconds; whoever waits less is never asked about. */
const EVERY_MS = 1000;

/** States of TCP in the kernel's table in which both ends may still speak. */
const ESTABLISHED = "01";

/** Looks after the connections of one listener. */
export class ClosedConnections {
  readonly #port: number;
  readonly #clock: Clock;
  readonly #table: () => Promise<string | null>;
  readonly #waiting = new Chain<Watched>();
  #cancelTimer: (() => void) | null = null;
  #isBlind = false;

  /** For the listener on `port`; `table` is {@link kernelTable} unless given. */
  constructor(port: number, clock: Clock, table: () => Promise<string | null> = kernelTable) {
    this.#port = port;
    this.#clock = clock;
    this.#table = table;
  }

  /** A request has come from this port of its client. Nearly all are answered before anybody is asked: this must cost nothing. */
  begin(clientPort: number): ClientConnection {
    const watched = new Watched(this.#waiting, clientPort);
    if (this.#cancelTimer === null && !this.#isBlind) this.#ask();
    return watched;
  }

  /** Asks no more. */
  close(): void {
    this.#isBlind = true;
    this.#cancelTimer?.();
  }

  /** Asks again and again until nobody waits. */
  #ask(): void {
    this.#cancelTimer = this.#clock.after(EVERY_MS, async () => {
      const old = [...this.#waiting].filter((watched) => watched.isOld || !(watched.isOld = true));
      const table = old.length === 0 ? "" : await this.#table();
      this.#isBlind ||= table === null; // it cannot be read here, nor will it be later
      const open = old.length === 0 || table === null ? null : openPorts(table, this.#port);
      for (const watched of old) if (open?.has(watched.clientPort) === false) watched.left();
      this.#cancelTimer = null;
      if (this.#waiting.size > 0 && !this.#isBlind) this.#ask();
    });
  }
}

/** One request that waits for its answer. */
class Watched implements ClientConnection, Link<Watched> {
  earlier: Watched | null = null;
  later: Watched | null = null;
  onLeft: (() => void) | null = null;
  /** Whether it was there when the kernel was to be asked before. */
  isOld = false;
  readonly clientPort: number;
  #chain: Chain<Watched> | null;

  constructor(chain: Chain<Watched>, clientPort: number) {
    this.clientPort = clientPort;
    this.#chain = chain;
    chain.append(this);
  }

  answered(): void {
    this.#chain?.remove(this);
    this.#chain = null;
    this.onLeft = null;
  }

  /** Its client is gone; nothing happens when it has been answered meanwhile. */
  left(): void {
    const tell = this.onLeft;
    this.answered();
    tell?.();
  }
}

/** The ports of clients whose connections to `port` are open, in the kernel's own form of the table. */
export function openPorts(table: string, port: number): ReadonlySet<number> {
  const open = new Set<number>();
  for (const line of table.split("\n")) {
    const [, local = "", remote = "", state] = line.trim().split(/\s+/);
    if (state !== ESTABLISHED || portOf(local) !== port) continue;
    open.add(portOf(remote));
  }
  return open;
}

function portOf(address: string): number {
  return parseInt(address.slice(address.lastIndexOf(":") + 1), 16);
}

/**
 * The kernel's tables of TCP connections; null where there are none. The runtime itself may not read them: `sh`, which
 * backends are run through as well, has them read.
 */
export async function kernelTable(): Promise<string | null> {
  if (!isGranted({ name: "run", command: "sh" })) return null;
  try {
    const { stdout } = await new Deno.Command("sh", {
      args: ["-c", "exec cat /proc/net/tcp /proc/net/tcp6"],
      stdin: "null",
      stderr: "null",
    }).output();
    const text = new TextDecoder().decode(stdout);
    return text.includes("local_address") ? text : null;
  } catch {
    return null;
  }
}
