/**
 * What goes over the wire of the event feed. Pure.
 *
 * @module
 */

/** What a message is about. */
export type EventKind = "logData" | "modelStatus" | "activity" | "inflight" | "uiConfig" | "profileChanged";

/**
 * How messages are written: `message` as llama-swap does, where what is told is JSON in a JSON string; `plain` with the kind
 * as the event's name and what is told as it is.
 */
export type EventForm = "message" | "plain";

/** One message; `json` is what is told, as JSON. */
export function eventText(form: EventForm, kind: EventKind, json: string): string {
  return form === "plain"
    ? `event: ${kind}\ndata: ${json}\n\n`
    : `event:message\ndata:${JSON.stringify({ type: kind, data: json })}\n\n`;
}

/** A line that readers of events ignore. */
export function commentText(text: string): string {
  return `: ${text}\n\n`;
}

/** Makes text of a stream's chunks: a character that lies in two of them comes whole, with the second. */
export class ChunkDecoder {
  readonly #decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  #isFirst = true;

  /** The text of the chunk, less what only begins in it. A character that was cut before the first chunk is left out. */
  decode(chunk: Uint8Array): string {
    let from = 0;
    if (this.#isFirst) { while (from < 3 && from < chunk.length && isContinuation(chunk[from])) from++; }
    this.#isFirst &&= chunk.length === 0;
    return this.#decoder.decode(from === 0 ? chunk : chunk.subarray(from), { stream: true });
  }
}

function isContinuation(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0xc0) === 0x80;
}
