/**
 * A socket whose every read and write the test ends by hand, for moments that no real socket can be brought to.
 *
 * @module
 */

import { Connection } from "../../../src/gateway/upstream/connection.ts";
import type { Route } from "../../../src/gateway/upstream/exchange.ts";

/** One end of a connection, as the runtime would give it. */
export class ScriptedConn {
  /** Everything that was written, as text. */
  written = "";
  isClosed = false;
  /** How many writes wait for {@link ScriptedConn.allow} or {@link ScriptedConn.refuse}. */
  readonly waiting: { readonly bytes: Uint8Array; readonly end: PromiseWithResolvers<number> }[] = [];
  #read: { readonly into: Uint8Array; readonly end: PromiseWithResolvers<number | null> } | null = null;
  /** What comes while nobody reads. */
  readonly #arrived: (Uint8Array | null | Error)[] = [];

  readonly #takesWrites: boolean;

  /** `takesWrites`: whether writes are taken at once; else each waits. */
  constructor(takesWrites = true) {
    this.#takesWrites = takesWrites;
  }

  read(into: Uint8Array): Promise<number | null> {
    if (this.isClosed) return Promise.reject(new Deno.errors.BadResource("closed"));
    this.#read = { into, end: Promise.withResolvers() };
    const { promise } = this.#read.end;
    if (this.#arrived.length > 0) this.#give(this.#arrived.shift() ?? null);
    return promise;
  }

  write(bytes: Uint8Array): Promise<number> {
    if (this.isClosed) return Promise.reject(new Deno.errors.BadResource("closed"));
    const end = Promise.withResolvers<number>();
    this.waiting.push({ bytes, end });
    if (this.#takesWrites) this.allow();
    return end.promise;
  }

  closeWrite(): Promise<void> {
    return Promise.resolve();
  }

  close(): void {
    this.isClosed = true;
    const error = new Deno.errors.BadResource("closed");
    this.#read?.end.reject(error);
    for (const { end } of this.waiting.splice(0)) end.reject(error);
  }

  /** Takes the oldest waiting write, or just `count` bytes of it. */
  allow(count = Number.POSITIVE_INFINITY): void {
    const write = this.waiting.shift();
    const taken = write?.bytes.subarray(0, count) ?? new Uint8Array(0);
    this.written += new TextDecoder().decode(taken);
    write?.end.resolve(taken.length);
  }

  /** Fails the oldest waiting write. */
  refuse(): void {
    this.waiting.shift()?.end.reject(new Deno.errors.BrokenPipe("broken pipe"));
  }

  /** The other side sends text, ends (null), or resets. */
  receive(what: string | null | Error): void {
    const item = typeof what === "string" ? new TextEncoder().encode(what) : what;
    if (this.#read === null) this.#arrived.push(item);
    else this.#give(item);
  }

  #give(item: Uint8Array | null | Error): void {
    const read = this.#read;
    this.#read = null;
    if (item instanceof Error) read?.end.reject(item);
    else if (item === null) read?.end.resolve(null);
    else {
      const taken = item.subarray(0, read?.into.length);
      read?.into.set(taken);
      if (taken.length < item.length) this.#arrived.unshift(item.subarray(taken.length));
      read?.end.resolve(taken.length);
    }
  }
}

/** What a scripted route is made of. */
export interface ScriptedSockets {
  readonly kept?: ScriptedConn;
  readonly fresh?: readonly ScriptedConn[];
  /** Whether they stand for TLS. */
  readonly isSecure?: boolean;
}

/** A route over scripted sockets: `kept` is idle, `fresh` are opened in order. */
export function scriptedRoute(
  { kept, fresh = [], isSecure = false }: ScriptedSockets,
): Route & { readonly givenBack: Connection[] } {
  const connectionOver = (conn: ScriptedConn) => new Connection(conn as unknown as Deno.TcpConn, { isSecure });
  const idle = kept === undefined ? [] : [connectionOver(kept)];
  const toOpen = fresh.map(connectionOver);
  const givenBack: Connection[] = [];
  return {
    name: "The model's backend",
    host: "backend.test",
    headerTimeoutMs: null,
    expectContinueMs: null,
    takeIdle: () => idle.pop(),
    open: (gaveUp) => {
      const connection = toOpen.shift();
      return connection === undefined ? gaveUp : Promise.resolve(connection);
    },
    noteLostIdle() {},
    giveBack: (connection) => void givenBack.push(connection),
    givenBack,
  };
}
