/**
 * Standard output and standard error: results are written whole, log lines never hold the program up.
 *
 * @module
 */

import type { LogSink } from "../observe/logs.ts";

/** How many bytes of log may wait for a slow reader. */
const WAITING_BYTES = 1024 * 1024;

/** How long the last lines may take at the end of the program, in milliseconds. */
const FLUSH_MS = 1000;

/**
 * Writes in the background: a reader that is slow, stuck or gone costs lines, never time and never an error. A write that
 * waited would stop every answer that is under way, and a failure would end the program and with it its backends.
 */
export class LossyOutput {
  readonly #write: (bytes: Uint8Array) => Promise<number>;
  readonly #limit: number;
  #waiting: Uint8Array[] = [];
  #size = 0;
  #dropped = 0;
  #pump: Promise<void> | null = null;

  /** Hands pieces to `write`, which takes as many bytes as it says; at most `limit` bytes wait. */
  constructor(write: (bytes: Uint8Array) => Promise<number>, limit = WAITING_BYTES) {
    this.#write = write;
    this.#limit = limit;
  }

  /** Takes bytes, or drops them while too many wait. */
  write(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    if (this.#dropped > 0 || this.#size + bytes.length > this.#limit) {
      this.#dropped += bytes.length;
      return;
    }
    this.#waiting.push(bytes);
    this.#size += bytes.length;
    this.#pump ??= this.#run();
  }

  /** Resolves when everything is written or given up, or after `timeoutMs`. */
  async flush(timeoutMs = FLUSH_MS): Promise<void> {
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, timeoutMs);
    await Promise.race([this.#pump, late]);
    clearTimeout(timer);
  }

  async #run(): Promise<void> {
    while (this.#size > 0 || this.#dropped > 0) {
      for (const piece of this.#waiting.splice(0)) {
        await this.#writeAll(piece);
        this.#size -= piece.length;
      }
      if (this.#size > 0 || this.#dropped === 0) continue;
      const notice = `\n— ${this.#dropped} bytes dropped —\n`;
      this.#dropped = 0;
      await this.#writeAll(new TextEncoder().encode(notice));
    }
    this.#pump = null;
  }

  async #writeAll(bytes: Uint8Array): Promise<void> {
    try {
      for (let rest = bytes; rest.length > 0;) {
        const taken = await this.#write(rest);
        if (taken === 0) return;
        rest = rest.subarray(taken);
      }
    } catch {
      // a closed pipe or a full disk: this piece is lost, the next one is tried again
    }
  }
}

const standardOutput = new LossyOutput((bytes) => Deno.stdout.write(bytes));
const standardError = new LossyOutput((bytes) => Deno.stderr.write(bytes));

/** Where the logs of this program go: the gateway's lines to standard error, what backends print to standard output. */
export const LOG_SINK: LogSink = {
  line: (line, colored) => standardError.write(new TextEncoder().encode(showsColor(Deno.stderr) ? colored : line)),
  output: (chunk) => standardOutput.write(chunk),
};

/** Waits a moment for the last log lines. */
export async function flushLogs(): Promise<void> {
  await Promise.all([standardOutput.flush(), standardError.flush()]);
}

/** Whether a stream may be coloured: it is a terminal, and `NO_COLOR` is not set. */
export function showsColor(stream: { isTerminal(): boolean }): boolean {
  return !Deno.noColor && stream.isTerminal();
}

/** A result could not be written: a full disk, for one. */
export class OutputError extends Error {
  override readonly name = "OutputError";
}

/**
 * Writes everything before it returns.
 *
 * @throws {Deno.errors.BrokenPipe} when nobody reads any more.
 * @throws {OutputError} for any other reason.
 */
export function writeWhole(stream: { writeSync(bytes: Uint8Array): number }, bytes: Uint8Array): void {
  try {
    for (let rest = bytes; rest.length > 0;) rest = rest.subarray(stream.writeSync(rest));
  } catch (error) {
    if (error instanceof Deno.errors.BrokenPipe) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new OutputError(`The result cannot be written: ${reason}`, { cause: error });
  }
}

/** Writes a message if that can be done; where it cannot, there is nobody to tell. */
export function writeMessage(stream: { writeSync(bytes: Uint8Array): number }, bytes: Uint8Array): void {
  try {
    writeWhole(stream, bytes);
  } catch {
    // the exit code still says how it went
  }
}
