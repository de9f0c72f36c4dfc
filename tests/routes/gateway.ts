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
    const end = () => {
      this.running.delete(model);
      started.end();
      this.onEnd();
    };
    return {
      ...group,
      terminate: (last) => {
        group.terminate(last);
        if (!this.heldStops.has(model)) queueMicrotask(end);
      },
    };
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
  backend.isUp = (path) => supervisor.running.has(decodeURIComponent(path.split("/")[1] ?? ""));
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

/** Lets everything that can happen now happen. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}
