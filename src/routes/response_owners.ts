/**
 * Which model made a stored response: its later requests name the response alone (OpenAI's Responses API), and the backend
 * that keeps it must be asked.
 *
 * @module
 */

/** How many responses are remembered; the oldest are forgotten first. */
const MOST = 10_000;

/** How far into an answer its id is looked for, in bytes: it stands at the beginning. */
const LOOK_BYTES = 4096;

/** The first id in an answer or in the first event of a stream; those of OpenAI begin with `resp_`. */
const ID = /"id"\s*:\s*"([^"\\]{1,200})"/;

/** Remembers the models of responses, in memory only: after a restart a request must name the model again. */
export class ResponseOwners {
  readonly #models = new Map<string, string>();
  readonly #most: number;

  /** Keeps at most `most`, 10,000 unless given. */
  constructor(most: number = MOST) {
    this.#most = most;
  }

  /** The model that made this response, by its own name; undefined when it is not remembered. */
  modelOf(responseId: string): string | undefined {
    return this.#models.get(responseId);
  }

  /** Listens to an answer of `model`: what is returned takes its pieces, and looks at its beginning only. */
  listen(model: string): (piece: Uint8Array) => void {
    const decoder = new TextDecoder();
    let text: string | null = "";
    return (piece) => {
      if (text === null) return;
      text += decoder.decode(piece.subarray(0, LOOK_BYTES), { stream: true });
      const id = ID.exec(text)?.[1];
      if (id !== undefined) this.#remember(id, model);
      if (id !== undefined || text.length >= LOOK_BYTES) text = null;
    };
  }

  #remember(id: string, model: string): void {
    this.#models.delete(id);
    this.#models.set(id, model);
    if (this.#models.size <= this.#most) return;
    for (const oldest of this.#models.keys()) {
      this.#models.delete(oldest);
      return;
    }
  }
}
