/**
 * One request to a backend and its answer: over a kept-alive connection if one is there, else over a fresh one.
 *
 * @module
 */

import { timerDelay } from "../../clock.ts";
import { GatewayError } from "../../errors.ts";
import { type Connection } from "./connection.ts";
import type { UpstreamBody, UpstreamCall, UpstreamRequest, UpstreamResponse } from "./message.ts";
import { framingOf, type RequestFraming, SAFE_METHODS, writeRequestHead } from "./request_head.ts";
import { RequestWriter } from "./request_writer.ts";
import { ResponseParser } from "./response_parser.ts";
import { openTunnel } from "./tunnel.ts";

/** What an exchange needs from the client that makes it; times in milliseconds, null is without limit. */
export interface Route {
  /** What error messages call the backend. */
  readonly name: string;
  /** The backend's authority. */
  readonly host: string;
  readonly headerTimeoutMs: number | null;
  readonly expectContinueMs: number | null;
  /** A kept-alive connection that may carry a request of this kind. */
  takeIdle(isSafe: boolean): Connection | undefined;
  /** Opens a connection; rejects with what `gaveUp` rejects with. */
  open(gaveUp: Promise<never>): Promise<Connection>;
  /** Takes back a connection that may carry another request. */
  giveBack(connection: Connection): void;
  /** A kept-alive connection turned out to have ended before it carried a byte of an answer. */
  noteLostIdle(): void;
}

/** Carries one request. */
export class Exchange implements UpstreamCall, UpstreamBody {
  readonly response: Promise<UpstreamResponse>;
  /** See {@link UpstreamBody.whole}. */
  whole: Uint8Array<ArrayBuffer> | null = null;
  readonly #route: Route;
  readonly #request: UpstreamRequest;
  readonly #head: string;
  readonly #framing: RequestFraming;
  #connection: Connection | null = null;
  #writer: RequestWriter | null = null;
  #parser: ResponseParser;
  #failure: { readonly reason: unknown } | null = null;
  #giveUp: ((reason: unknown) => void) | null = null;
  /** Body bytes that came with the head. */
  #first: Uint8Array<ArrayBuffer> | null = null;
  #isOver = false;

  /** Begins at once; `path` is the whole path. Throws `bad_request` for what cannot be sent. */
  constructor(route: Route, request: UpstreamRequest, path: string) {
    this.#route = route;
    this.#request = request;
    this.#framing = framingOf(request);
    this.#head = writeRequestHead(request, { path, host: route.host, framing: this.#framing });
    this.#parser = this.#newParser();
    this.response = this.#run();
  }

  /** See {@link UpstreamCall.abort}. */
  abort(reason: unknown): void {
    if (this.#failure !== null) return;
    this.#failure = { reason };
    this.#giveUp?.(reason);
    if (!this.#isOver) this.#connection?.close();
  }

  /** See {@link UpstreamBody.deliver}. */
  async deliver(onPiece: (piece: Uint8Array<ArrayBuffer>) => Promise<void> | undefined): Promise<void> {
    const connection = this.#connection;
    const parser = this.#parser;
    if (this.whole !== null || connection === null) return;
    try {
      let piece = this.#first;
      this.#first = null;
      while (true) {
        this.#throwIfAborted();
        const wait = piece === null ? undefined : onPiece(piece);
        if (parser.done) break; // the backend is free, whether or not there is room for more
        if (wait !== undefined) await this.#orAborted(wait);
        const count = await connection.read();
        if (count === null) {
          if (!parser.end()) throw new Error("closed in the middle of the body");
          break;
        }
        piece = kept(connection, parser.push(connection.view(count)));
      }
      this.#throwIfAborted();
      this.#finish(true);
    } catch (cause) {
      throw this.#lost(cause);
    }
  }

  /** See {@link UpstreamBody.cancel}. */
  cancel(): void {
    this.#finish(false);
  }

  async #run(): Promise<UpstreamResponse> {
    const { method } = this.#request;
    const isSafe = SAFE_METHODS.has(method);
    const idle = this.#request.upgrade === undefined ? this.#route.takeIdle(isSafe) : undefined;
    if (idle !== undefined) {
      try {
        return await this.#over(idle);
      } catch (error) {
        if (this.#failure === null && this.#parser.head === undefined) this.#route.noteLostIdle();
        if (!this.#mayGoAgain(error, isSafe)) {
          throw this.#dropBody(this.#failure === null ? error : this.#failure.reason);
        }
        this.#isOver = false;
        this.#parser = this.#newParser();
      }
    }
    const givenUp = Promise.withResolvers<never>();
    givenUp.promise.catch(() => {}); // nobody waits for it once the connection is there
    this.#giveUp = givenUp.reject;
    try {
      return await this.#over(await this.#route.open(givenUp.promise));
    } catch (error) {
      throw this.#dropBody(error);
    }
  }

  /** Nobody wants what is left of the request's body; returns `reason`. */
  #dropBody(reason: unknown): unknown {
    const { body } = this.#request;
    if (!(body instanceof ReadableStream)) return reason;
    this.#writer?.drop(reason);
    if (!body.locked) body.cancel(reason).catch(() => {});
    return reason;
  }

  /** A dead kept-alive connection is no failure of the request if nothing was sent, or if sending twice is harmless. */
  #mayGoAgain(error: unknown, isSafe: boolean): boolean {
    if (this.#failure !== null || !(error instanceof GatewayError)) return false;
    if (error.code === "backend_unreachable") return this.#writer?.hasReadBody !== true;
    return error.code === "backend_lost" && isSafe && this.#request.body === null;
  }

  async #over(connection: Connection): Promise<UpstreamResponse> {
    const { name, headerTimeoutMs, expectContinueMs } = this.#route;
    this.#connection = connection;
    if (this.#failure !== null) connection.close();
    const timer = headerTimeoutMs === null ? undefined : setTimeout(() => {
      this.abort(new GatewayError("header_timeout", `${name} did not answer in time`));
    }, timerDelay(headerTimeoutMs));
    const writer = new RequestWriter({
      connection,
      head: this.#head,
      framing: this.#framing,
      body: this.#request.body,
      isBodyLast: this.#request.isBodyLast === true,
      continueTimeoutMs: expectsContinue(this.#request) ? expectContinueMs : undefined,
      onBadBody: (cause) => this.abort(cause instanceof GatewayError ? cause : clientLeft(cause)),
    });
    this.#writer = writer;
    writer.start();
    try {
      return await this.#readHead(connection, writer);
    } catch (cause) {
      throw this.#lost(cause);
    } finally {
      if (timer !== undefined) clearTimeout(timer);
    }
  }

  async #readHead(connection: Connection, writer: RequestWriter): Promise<UpstreamResponse> {
    const parser = this.#parser;
    let first: Uint8Array<ArrayBuffer> | null = null;
    while (parser.head === undefined) {
      const count = await connection.read();
      if (count === null) throw new Error("closed before the head of the answer");
      first = kept(connection, parser.push(connection.view(count)));
    }
    writer.noMore();
    this.#throwIfAborted();
    const { status, statusText, headers, hasBody } = parser.head;
    if (status === 101) {
      const tunnel = openTunnel(connection, parser.takeRest(), {
        name: this.#route.name,
        onClosed: () => void (this.#isOver = true),
      });
      return { status, statusText, headers, body: null, tunnel };
    }
    if (parser.done) {
      this.whole = first ?? NOTHING;
      this.#finish(true);
    } else {
      this.#first = first;
    }
    return { status, statusText, headers, body: hasBody ? this : null, tunnel: null };
  }

  /** Waits for room, but not beyond an abort. */
  #orAborted(room: Promise<void>): Promise<void> {
    this.#throwIfAborted(); // while the piece was taken
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#giveUp = reject;
    room.then(resolve, reject);
    return promise;
  }

  #throwIfAborted(): void {
    if (this.#failure !== null) throw this.#failure.reason;
  }

  #newParser(): ResponseParser {
    return new ResponseParser(this.#request.method, {
      mayUpgrade: this.#request.upgrade !== undefined,
      onInformational: (status) => status === 100 && this.#writer?.goOn(),
    });
  }

  #finish(mayReuse: boolean): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const connection = this.#connection;
    const writer = this.#writer;
    writer?.noMore();
    if (connection === null) return;
    const { head, hasExcess } = this.#parser;
    const mayServeAgain = mayReuse && head?.keepAlive === true && !hasExcess;
    const end = (isReusable: boolean) => {
      if (isReusable) {
        connection.hasHadChunks = this.#parser.hadChunks;
        return this.#route.giveBack(connection);
      }
      if (head !== undefined) this.#dropBody(NOT_WANTED); // before the head it may go out once more
      connection.close();
    };
    if (mayServeAgain && writer !== null) writer.whenWritten(end);
    else end(false);
  }

  #lost(cause: unknown): unknown {
    this.#finish(false);
    if (this.#failure !== null) return this.#failure.reason;
    const { name } = this.#route;
    if (this.#writer?.mayHaveBeenSeen === false) {
      return new GatewayError("backend_unreachable", `${name} cannot be reached`, { cause });
    }
    return new GatewayError("backend_lost", `${name} broke off`, { cause });
  }
}

const NOTHING = new Uint8Array(0);
const NOT_WANTED = "The answer came before the body was whole";

/** A body's stream fails where the connection fails that it comes from. */
function clientLeft(cause: unknown): GatewayError {
  return new GatewayError("client_closed", "The client left before its request was whole", { cause });
}

function kept(connection: Connection, piece: Uint8Array | null): Uint8Array<ArrayBuffer> | null {
  return piece === null ? null : connection.keep(piece as Uint8Array<ArrayBuffer>);
}

/** Whether the request's own head promises to wait for `100 Continue` (RFC 9110 §10.1.1). */
function expectsContinue({ headers, body }: UpstreamRequest): boolean {
  return body !== null &&
    headers.some(([name, value]) => name.toLowerCase() === "expect" && value.toLowerCase() === "100-continue");
}
