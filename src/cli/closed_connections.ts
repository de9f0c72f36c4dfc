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
  /** By the client's port. */
  readonly #waiting = new Map<number, Watched>();
  #isAsking = false;

  /** For the listener on `port`; `table` is {@link kernelTable} unless given. */
  constructor(port: number, clock: Clock, table: () => Promise<string | null> = kernelTable) {
    this.#port = port;
    this.#clock = clock;
    this.#table = table;
  }

  /**
   * Has a request answered whose `signal` aborts also when its client at this port leaves before the answer begins. Requests
   * without a body are left to the runtime, which looks after them.
   */
  async watch(request: Request, clientPort: number, answer: () => Promise<Response>): Promise<Response> {
    const { headers } = request;
    const hasBody = headers.has("transfer-encoding") || (headers.get("content-length") ?? "0") !== "0";
    if (!hasBody) return await answer();
    const watched: Watched = { since: this.#clock.now(), leave: () => {} };
    shadowSignal(request, watched);
    this.#waiting.set(clientPort, watched);
    this.#ask();
    try {
      return await answer();
    } finally {
      if (this.#waiting.get(clientPort) === watched) this.#waiting.delete(clientPort);
    }
  }

  /** Asks again and again until nobody waits. */
  #ask(): void {
    if (this.#isAsking) return;
    this.#isAsking = true;
    this.#clock.after(EVERY_MS, async () => {
      const asked = this.#clock.now();
      const old = [...this.#waiting].filter(([, { since }]) => asked - since >= EVERY_MS / 2);
      const table = old.length === 0 ? "" : await this.#table();
      if (table === null) return; // it cannot be read here, nor will it be later
      const open = old.length === 0 ? null : openPorts(table, this.#port);
      for (const [port, watched] of old) {
        if (open?.has(port) === false && this.#waiting.get(port) === watched) watched.leave();
      }
      this.#isAsking = false;
      if (this.#waiting.size > 0) this.#ask();
    });
  }
}

interface Watched {
  /** When it came. */
  readonly since: number;
  /** Aborts its signal. */
  leave: () => void;
}

/** Gives a request another signal, which follows its own and can be aborted besides. Made when it is first asked for. */
function shadowSignal(request: Request, watched: Watched): void {
  let made: AbortSignal | null = null;
  const theirs = Object.getOwnPropertyDescriptor(Request.prototype, "signal")?.get;
  Object.defineProperty(request, "signal", {
    configurable: true,
    get(this: Request): AbortSignal {
      if (made !== null) return made;
      const gone = new AbortController();
      const runtime: AbortSignal = theirs?.call(this);
      if (runtime.aborted) gone.abort(runtime.reason);
      else runtime.addEventListener("abort", () => gone.abort(runtime.reason), { once: true });
      watched.leave = () => gone.abort(new DOMException("The client closed its connection", "AbortError"));
      return made = gone.signal;
    },
  });
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
