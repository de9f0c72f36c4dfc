/**
 * Local requests before a scheduler whose loads and clock are the test's decision, and before a backend of raw bytes.
 *
 * @module
 */

import type { BackendTarget } from "../../src/backend/types.ts";
import { loadConfig } from "../../src/config/load.ts";
import type { Config } from "../../src/config/types.ts";
import { silentLog } from "../../src/log.ts";
import { serveLocal } from "../../src/serving/local.ts";
import type { LocalCall } from "../../src/serving/local_call.ts";
import type { RequestWatcher } from "../../src/serving/local_visit.ts";
import { dialectOf } from "../../src/gateway/error_response.ts";
import type { UpstreamClient } from "../../src/gateway/upstream/client.ts";
import { Scheduler } from "../../src/scheduler/scheduler.ts";
import type { SerialSettings } from "../../src/scheduler/types.ts";
import { type RawBackend, rawBackend, type RawSocket } from "../gateway/raw_backend.ts";
import { FakeBackends, HandClock } from "../scheduler/fake_backends.ts";
import { SETTINGS } from "../scheduler/history.ts";

/** What a backend writes before its events. */
export const EVENTS_HEAD = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";

/** A request that was asked. */
export interface Asked {
  readonly id: string;
  readonly response: Promise<Response>;
  /** What its watcher was told. */
  readonly told: readonly string[];
  /** The client leaves, as the transport tells it. */
  leave(): void;
}

/** How a request is asked, besides what is usual. */
export interface Asking extends Partial<LocalCall> {
  readonly stream?: boolean;
}

/** The world: models `m` and `n`, each with `settings` in its config. */
export class LocalWorld implements Disposable {
  readonly clock = new HandClock();
  readonly backends = new FakeBackends();
  readonly scheduler: Scheduler<BackendTarget>;
  readonly backend: RawBackend = rawBackend();
  readonly config: Config;
  /** Aborts when the generation that serves now has exited. */
  gone = new AbortController();
  /** Aborts when that generation is ready no more. */
  leaving = new AbortController();
  /** Warnings of the gateway's log. */
  readonly warnings: string[] = [];
  readonly #client: UpstreamClient;
  #asked = 0;

  /** Requests go to {@link LocalWorld.backend} unless another client is given. */
  constructor(settings: string, scheduling: Partial<SerialSettings> = {}, client?: UpstreamClient) {
    this.#client = client ?? this.backend.client;
    const models = ["m", "n"].map((id) => `  ${id}: { cmd: "x \${PORT}", ${settings} }\n`).join("");
    this.config = loadConfig({ texts: [{ text: `models:\n${models}`, file: "t.yaml" }], env: () => undefined }).config;
    this.scheduler = new Scheduler<BackendTarget>({
      backends: {
        load: (model, options) => this.backends.load(model, options),
        stop: (models) => this.backends.stop(models),
        subscribe: (listener) => this.backends.subscribe(listener),
        hold: (model) => {
          const hold = this.backends.hold(model);
          const target = {
            model,
            baseUrl: this.backend.baseUrl,
            generation: 1,
            gone: this.gone.signal,
            leaving: this.leaving.signal,
            isAlive: () => true,
          };
          return { target, release: () => hold.release() };
        },
      },
      clock: this.clock,
      log: silentLog,
      models: new Map([["m", {}], ["n", {}]]),
      settings: { ...SETTINGS, ...scheduling },
    });
  }

  ask(model: string, path = "/v1/chat/completions", { stream = true, ...more }: Asking = {}): Asked {
    const id = `r${++this.#asked}`;
    const client = new AbortController();
    const told: string[] = [];
    const watcher: RequestWatcher = {
      queued: (position) => void told.push(`queued ${position}`),
      loading: () => void told.push("loading"),
      serving: () => void told.push("serving"),
      rest() {},
      responded: (status) => void told.push(`responded ${status}`),
      bytes: (count) => void (count > 0 && told.at(-1) !== "bytes" && told.push("bytes")),
      end: (outcome) => void told.push(`end ${outcome}`),
    };
    const response = serveLocal({
      scheduler: this.scheduler,
      clientFor: () => this.#client,
      clock: this.clock,
      log: { ...silentLog, warn: (message) => void this.warnings.push(message) },
    }, {
      id,
      request: new Request(`http://gateway.test${path}`, { method: "POST", signal: client.signal }),
      model,
      path,
      body: { body: () => new TextEncoder().encode("{}"), length: 2, canRepeat: true },
      wantsStream: stream,
      dialect: dialectOf(path),
      via: "1.1 berth-test",
      context: {
        config: this.config,
        from: { address: null, scheme: "http", host: null, isProxied: false },
        peerAddress: null,
      },
      watcher,
      ...more,
    });
    response.catch(() => {}); // each test looks at it when it wants to
    return { id, response, told, leave: () => client.abort(new DOMException("gone", "AbortError")) };
  }

  /** The load that runs ends well. */
  load(): void {
    this.backends.loads.at(-1)?.succeed();
  }

  /** Waits for the next request at the backend, on a connection of its own. */
  async accept(): Promise<RawSocket> {
    const socket = await this.backend.accept();
    await socket.readUntil("}");
    return socket;
  }

  /** Has `model` served: its request is at the backend until the returned function is called. */
  async occupy(model: string): Promise<() => Promise<void>> {
    const { response } = this.ask(model, "/v1/embeddings", { stream: false });
    this.load();
    const socket = await this.accept();
    return async () => {
      await socket.write("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}");
      await (await response).text();
    };
  }

  [Symbol.dispose](): void {
    this.backend[Symbol.dispose]();
  }
}

/** A reader of texts. */
export function textsOf(response: Response): { read(): Promise<string | null>; cancel(): Promise<void> } {
  const reader = response.body?.getReader();
  if (reader === undefined) throw new Error("there is no body");
  return {
    async read() {
      const { done, value } = await reader.read();
      return done ? null : new TextDecoder().decode(value);
    },
    cancel: () => reader.cancel(),
  };
}

/** Whether a promise is still open after everything that is due has run. */
export async function isOpen(promise: Promise<unknown>): Promise<boolean> {
  let open = true;
  promise.then(() => open = false, () => open = false);
  for (let turn = 0; turn < 50; turn++) await Promise.resolve();
  return open;
}
