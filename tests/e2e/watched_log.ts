/**
 * What a started gateway writes, and the moment at which it listens.
 *
 * @module
 */

/** Follows what a gateway writes. */
export interface WatchedLog {
  /** Its URL, once it says that it listens; rejects with all that was written when it ended before. */
  readonly url: Promise<string>;
  /** Everything so far. */
  readonly text: () => string;
  /** Resolves when nothing more comes. */
  readonly ended: Promise<void>;
}

/** Reads `stream` to its end; `onText` is called with everything so far whenever more has come. */
export function watchLog(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  onText: (text: string) => void = () => {},
): WatchedLog {
  let text = "";
  const listening = Promise.withResolvers<string>();
  listening.promise.catch(() => {}); // not everybody waits for it
  const ended = (async () => {
    for await (const piece of stream.pipeThrough(new TextDecoderStream())) {
      text += piece;
      onText(text);
      // The space after the address tells that the whole of it has come.
      const found = /Listening on ((?:https?:\/\/|unix:)\S+)\s/.exec(text)?.[1];
      if (found !== undefined) listening.resolve(found);
    }
    listening.reject(new Error(`the gateway ended before it listened:\n${text}`));
  })();
  return { url: listening.promise, text: () => text, ended };
}
