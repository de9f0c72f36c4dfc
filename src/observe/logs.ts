/**
 * The gateway's logs: its own lines, what backends print, and the choice of both that the operator sees.
 *
 * @module
 */

import { LogHistory } from "./log_history.ts";

/** What of the logs is shown: the config's `logToStdout`. */
export type LogSelection = "proxy" | "upstream" | "both" | "none";

/** Where what is shown goes, besides the histories. Neither may wait, and neither throws. */
export interface LogSink {
  /** Takes a line of the gateway's own, plain and as a terminal with colours should show it. */
  line(line: string, colored: string): void;
  /** Takes bytes that a backend printed. */
  output(chunk: Uint8Array): void;
}

/** The histories of the gateway (`proxy`), of all backends (`upstream`) and of what is selected (`combined`). */
export class Logs {
  /** The gateway's own lines. */
  readonly proxy = new LogHistory();
  /** What all backends print. */
  readonly upstream = new LogHistory();
  /** What is selected of both. */
  readonly combined = new LogHistory();
  readonly #sink: LogSink | null;
  readonly #encoder = new TextEncoder();
  #selection: LogSelection = "proxy";

  /** Shows nothing without a sink. */
  constructor(sink: LogSink | null = null) {
    this.#sink = sink;
  }

  /** Chooses what is shown from now on; `proxy` until then. */
  select(selection: LogSelection): void {
    this.#selection = selection;
  }

  /** Takes a line of the gateway's own, plain and coloured: the `write` of a log. */
  readonly writeLine = (line: string, colored: string): void => {
    const bytes = this.#encoder.encode(line);
    this.proxy.push(bytes);
    if (this.#selection !== "proxy" && this.#selection !== "both") return;
    this.combined.push(bytes);
    this.#sink?.line(line, colored);
  };

  /** Takes what a backend printed. */
  readonly writeOutput = (chunk: Uint8Array): void => {
    this.upstream.push(chunk);
    if (this.#selection !== "upstream" && this.#selection !== "both") return;
    this.combined.push(chunk);
    this.#sink?.output(chunk);
  };

  /** Ends whoever follows; writing goes on. */
  close(): void {
    for (const history of [this.proxy, this.upstream, this.combined]) history.close();
  }
}
