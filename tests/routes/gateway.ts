/**
 * The whole gateway without a socket and without processes: its real wiring, over backends that are a recorder, with starts,
 * stops, answers and time in the test's hand.
 *
 * @module
 */

import { backendSpecs } from "../../src/backend/specs.ts";
import type { BackendSpec, GroupEvents, RunningGroup } from "../../src/backend/types.ts";
import { loadConfig } from "../../src/config/load.ts";
import { createLog } from "../../src/log.ts";
import { Logs } from "../../src/observe/logs.ts";
import { createWorker, type Worker } from "../../src/worker.ts";
import { FakeSupervisor } from "../backend/fake_supervisor.ts";
import { type HandClock, handClock } from "../tiny/hand_clock.ts";
import { type Recorded, type RecordingBackend, recordingBackend } from "./recording_backend.ts";
import { type RawRequest, requestOf } from "./surface.ts";

/** Starts and stops at once, except what a test keeps for itself. */
export class PromptSupervisor extends FakeSupervisor {
  /** Models whose start the test ends by hand. */
  readonly heldStarts = new Set<string>();
  /** Models whose stop the test ends by hand. */
  readonly heldStops = new Set<string>();
  /** Models that have a process. */
  readonly running = new Set<string>();
  /** Is told when a group has ended. */
  onEnd: () => void = () => {};

  override async start(spec: BackendSpec, events: GroupEvents): Promise<RunningGroup> {
    const { model } = spec;
    const starting = super.start(spec, events);
    const started = this.last(model);
    if (!this.heldStarts.has(model)) started.run();
    const group = await starting;
    this.running.add(model);
    return {
      ...group,
      terminate: (last) => {
        group.terminate(last);
        if (!this.heldStops.has(model)) queueMicrotask(() => this.end(model));
      },
    };
  }

  /** The process of a model ends. */
  end(model: string): void {
    this.running.delete(model);
    this.last(model).end();
    this.onEnd();
  }
}

/** The gateway and what it stands on. */
export interface Gateway extends AsyncDisposable {
  readonly worker: Worker;
  readonly supervisor: PromptSupervisor;
  readonly clock: HandClock;
  readonly backend: RecordingBackend;
  readonly logs: Logs;
  /** What the backends were asked, in order: method, model and path. */
  asked(): readonly string[];
  /** Sends one request. */
  send(request: RawRequest): Promise<Response>;
  /** Asks a model by a JSON body. */
  post(path: string, body: unknown, headers?: Readonly<Record<string, string>>): Promise<Response>;
  /** Asks without a body. */
  get(target: string, headers?: Readonly<Record<string, string>>): Promise<Response>;
}

/** How {@link gateway} is built. */
export interface GatewayOptions {
  /** What a backend answers; a 200 with the text `ok` unless given. */
  readonly answer?: (request: Recorded) => string | Promise<string>;
}

/** Models of a config by their ids, each with its settings as YAML. */
export function modelsYaml(models: Readonly<Record<string, string>>): string {
  const rows = Object.entries(models).map(([id, settings]) =>
    `  ${JSON.stringify(id)}: { cmd: "run ${id}", proxy: "BACKEND/${encodeURIComponent(id)}"${
      settings === "" ? "" : `, ${settings}`
    } }\n`
  );
  return `models:\n${rows.join("")}`;
}

/** Builds it; in `config` the word BACKEND stands for the recorder's URL. */
export function gateway(config: string, { answer }: GatewayOptions = {}): Gateway {
  const backend = recordingBackend(answer);
  const text = config.replaceAll("BACKEND", backend.baseUrl);
  const loaded = loadConfig({ texts: [{ text, file: "test.yaml" }], env: () => undefined }).config;
  const supervisor = new PromptSupervisor();
  backend.isUp = (path) => {
    const model = decodeURIComponent(path.split("/")[1] ?? "");
    return !loaded.models.has(model) || supervisor.running.has(model); // what is no model here is a peer's
  };
  supervisor.onEnd = () => backend.drop();
  const clock = handClock();
  const logs = new Logs();
  const ready = () => Promise.resolve(200);
  const worker = createWorker({
    config: loaded,
    specs: backendSpecs(loaded),
    log: createLog({ write: logs.writeLine }),
    logs,
    clock,
    supervisor,
    probes: { http: ready, connect: ready },
  });
  const send = (request: RawRequest) => worker.fetch(requestOf(request));
  return {
    worker,
    supervisor,
    clock,
    backend,
    logs,
    asked: () => backend.requests.map(({ line }) => line.replace(/ HTTP\/1\.1$/, "").replace(" /", " ")),
    send,
    post(path, body, headers = {}) {
      const bytes = new TextEncoder().encode(typeof body === "string" ? body : JSON.stringify(body));
      const all: [string, string][] = [["content-type", "application/json"], ["content-length", String(bytes.length)]];
      return send({ method: "POST", target: path, body: bytes, headers: [...all, ...Object.entries(headers)] });
    },
    get: (target, headers = {}) => send({ method: "GET", target, headers: Object.entries(headers) }),
    async [Symbol.asyncDispose]() {
      supervisor.heldStops.clear();
      const closing = worker.close({ graceMs: 0 });
      for (let turn = 0; turn < 5; turn++) {
        await new Promise((resolve) => setTimeout(resolve, 0));
        clock.advance(60_000);
      }
      await closing;
      await backend[Symbol.asyncDispose]();
    },
  };
}

const OK = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

/** Answers that backends give when the test says so. */
export class HeldAnswers {
  readonly #held: ((text: string) => void)[] = [];

  /** What a backend answers: nothing yet. */
  readonly answer = (): Promise<string> => new Promise((resolve) => this.#held.push(resolve));

  /** Waits until a backend was asked, the next one in order, and has it answer. */
  async give(text: string = OK): Promise<void> {
    await until(() => this.#held.length > 0);
    this.#held.shift()?.(text);
  }

  /** Waits until this many are held. */
  async asked(count: number): Promise<void> {
    await until(() => this.#held.length >= count);
  }
}

/** Waits for what other ends of sockets do. */
export async function until(condition: () => boolean): Promise<void> {
  for (let turn = 0; !condition(); turn++) {
    if (turn > 5000) throw new Error("it did not happen");
    await settled();
  }
}

/** Reads an answer to its end; its status. */
export async function statusOf(answer: Promise<Response>): Promise<number> {
  const response = await answer;
  await response.text();
  return response.status;
}

/** Lets everything that can happen without other ends of sockets happen. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}
