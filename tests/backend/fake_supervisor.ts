/** A supervisor without processes: every fact is told by the test. */

import { LogHistory } from "../../src/observe/log_history.ts";
import type { BackendSpec, GroupEvents, RunningGroup, Supervisor } from "../../src/backend/types.ts";

/** One start that was asked for. */
export interface FakeStart {
  readonly model: string;
  /** Lets the start succeed. */
  run(): void;
  /** Lets the start fail. */
  fail(error: Error): void;
  /** The leader exits. */
  exit(code?: number): void;
  /** No member is left. */
  gone(): void;
  /** The leader exits and no member is left. */
  end(): void;
}

/** Keeps a journal of what it is asked. */
export class FakeSupervisor implements Supervisor {
  /** What was asked, in order: `start a`, `terminate a`, `kill a`. */
  readonly journal: string[] = [];
  /** The starts by model, in order. */
  readonly starts = new Map<string, FakeStart[]>();
  /** As what each group was asked to stop, in order. */
  readonly terminated: BackendSpec[] = [];
  /** As what each group was started, in order. */
  readonly started: BackendSpec[] = [];
  /** Models whose output was let go. */
  readonly forgotten: string[] = [];
  closed = false;

  start(spec: BackendSpec, events: GroupEvents): Promise<RunningGroup> {
    const { model } = spec;
    this.journal.push(`start ${model}`);
    this.started.push(spec);
    const pid = this.journal.length;
    const { promise, resolve, reject } = Promise.withResolvers<RunningGroup>();
    const exit = (code = 0) => events.exited({ code, signal: null });
    const started: FakeStart = {
      model,
      run: () =>
        resolve({
          pid,
          terminate: (last) => {
            this.journal.push(`terminate ${model}`);
            this.terminated.push(last);
          },
          kill: () => void this.journal.push(`kill ${model}`),
        }),
      fail: reject,
      exit,
      gone: () => events.gone(),
      end: () => {
        exit();
        events.gone();
      },
    };
    this.starts.set(model, [...this.starts.get(model) ?? [], started]);
    return promise;
  }

  /** The newest start of a model. */
  last(model: string): FakeStart {
    const last = this.starts.get(model)?.at(-1);
    if (last === undefined) throw new Error(`${model} was never started`);
    return last;
  }

  /** How often something was asked. */
  count(what: string): number {
    return this.journal.filter((entry) => entry === what).length;
  }

  output(model: string): string {
    return `output of ${model}`;
  }

  readonly #histories = new Map<string, LogHistory>();

  history(model: string): LogHistory {
    const history = this.#histories.get(model) ?? new LogHistory();
    this.#histories.set(model, history);
    return history;
  }

  lastLines(model: string): string {
    return `last lines of ${model}`;
  }

  forget(model: string): void {
    this.forgotten.push(model);
  }

  close(): Promise<void> {
    this.closed = true;
    return Promise.resolve();
  }
}
