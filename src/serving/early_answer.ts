/**
 * When an answer begins before its backend's: not before something is to be said, and then as the model's config wishes.
 *
 * Until the first word the status is open, so that a request which is granted or refused in time gets its own.
 *
 * @module
 */

import type { Clock } from "../clock.ts";
import { clientLeft, describeError, GatewayError, isOperatorsWish, toGatewayError } from "../errors.ts";
import { EarlyStream } from "../gateway/early_stream.ts";
import type { StreamDialect } from "../gateway/error_event.ts";
import { keepAliveText, type Standing } from "../gateway/keep_alive.ts";
import {
  LOADING_BEAT_MS,
  loadingClosing,
  loadingDot,
  loadingOpening,
  loadingPosition,
} from "../gateway/loading_state.ts";
import type { HeaderList } from "../gateway/upstream/message.ts";
import type { Log } from "../log.ts";
import type { LocalVisit } from "./local_visit.ts";

/** What is said to who waits. */
export interface EarlyWords {
  /** The model whose loading is shown as text; null when it is not. It keeps the stream alive until the model is ready. */
  readonly loading: string | null;
  /** Milliseconds between keep-alives; null for none. */
  readonly keepAliveMs: number | null;
}

/** What {@link EarlyAnswer} is made of. */
export interface EarlyAnswerOptions {
  readonly words: EarlyWords;
  readonly visit: LocalVisit;
  readonly dialect: StreamDialect;
  readonly clock: Clock;
  readonly log: Log;
  /** Its place in the line, the head being 1; null when it is in no line. */
  readonly position: () => number | null;
  /** How long it will wait, in milliseconds; null when it waits for no grant. */
  readonly estimateMs: () => number | null;
  /** The client has left while it waited. */
  readonly leave: (reason: GatewayError) => void;
}

const STREAM_HEADERS: HeaderList = [
  ["content-type", "text/event-stream"],
  ["cache-control", "no-cache"],
  ["x-accel-buffering", "no"],
];

/** One answer that may begin early. */
export class EarlyAnswer {
  /** The answer: the backend's own or the one that has begun; rejects as long as its status is open. */
  readonly response: Promise<Response>;
  readonly #options: EarlyAnswerOptions;
  readonly #gate = Promise.withResolvers<Response>();
  #stream: EarlyStream | null = null;
  #cancelBeat: (() => void) | null = null;
  /** The place that was told last. */
  #toldPosition: number | null = null;

  /** Says nothing yet. */
  constructor(options: EarlyAnswerOptions) {
    this.#options = options;
    this.response = this.#gate.promise;
  }

  /** The request waits. */
  waits(): void {
    const { loading, keepAliveMs } = this.#options.words;
    if (loading !== null) {
      this.#say(loadingOpening(loading));
      this.#beat(LOADING_BEAT_MS, () => this.#loadingWords());
    } else if (keepAliveMs !== null) {
      this.#beat(keepAliveMs, () => this.#keepAliveWords());
    }
  }

  /** The request has its backend: whoever has heard nothing yet gets the backend's own answer. */
  granted(): void {
    const { words: { loading, keepAliveMs }, visit } = this.#options;
    if (this.#stream === null) return this.#rest();
    if (loading === null) return;
    this.#rest();
    this.#say(loadingClosing(visit.waitedMs));
    if (keepAliveMs !== null) this.#beat(keepAliveMs, () => this.#keepAliveWords());
  }

  /** Takes what the backend answers, or why there is no answer. Never rejects. */
  async settle(answer: Promise<Response>): Promise<void> {
    try {
      const response = await answer;
      this.#rest();
      if (this.#stream === null) this.#gate.resolve(response);
      else await this.#stream.follow(response);
    } catch (thrown) {
      this.#rest();
      if (this.#stream === null) return this.#gate.reject(thrown);
      const error = toGatewayError(thrown);
      const words = `A stream that waited ended: ${describeError(error)}`;
      if (isOperatorsWish(error)) this.#options.log.info(words);
      else if (error.status >= 500) this.#options.log.warn(words);
      this.#stream.fail(error);
    }
  }

  #loadingWords(): string {
    const position = this.#options.position();
    if (position === null || position === this.#toldPosition) return loadingDot();
    this.#toldPosition = position;
    return loadingPosition(position);
  }

  #keepAliveWords(): string {
    return keepAliveText(this.#options.dialect, this.#standing());
  }

  #standing(): Standing {
    const estimateMs = this.#options.estimateMs();
    if (estimateMs === null) return { kind: "asked" };
    const position = this.#options.position();
    return position === null ? { kind: "loading", estimateMs } : { kind: "queued", position, estimateMs };
  }

  #beat(everyMs: number, words: () => string): void {
    this.#cancelBeat = this.#options.clock.after(everyMs, () => {
      this.#beat(everyMs, words);
      this.#say(words());
    });
  }

  #rest(): void {
    this.#cancelBeat?.();
    this.#cancelBeat = null;
  }

  #say(text: string): void {
    this.#stream ??= this.#begin();
    this.#options.visit.bytes(this.#stream.say(text));
  }

  #begin(): EarlyStream {
    const { dialect, visit, leave } = this.#options;
    const stream = new EarlyStream({
      dialect,
      onLeave: () => {
        this.#rest();
        leave(clientLeft());
      },
    });
    const headers = [...STREAM_HEADERS, ...visit.earlyHeaders()];
    visit.responded(200, headers);
    this.#gate.resolve(new Response(stream.stream, { headers: headers.map(([name, value]) => [name, value]) }));
    return stream;
  }
}
