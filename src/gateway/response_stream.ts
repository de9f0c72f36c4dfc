/**
 * The way out: the one stream between a backend's body and the client.
 *
 * @module
 */

import { type GatewayError, toGatewayError } from "../errors.ts";
import { type Dialect, errorBody } from "./error_response.ts";

/** How a response ended. */
export type Outcome =
  | { readonly kind: "complete" }
  | { readonly kind: "clientLeft" }
  | { readonly kind: "failed"; readonly error: GatewayError };

/** What {@link responseStream} forwards and tells. */
export interface ResponseStreamOptions {
  readonly body: ReadableStream<Uint8Array>;
  /** Aborts when the right to the backend ends; its reason becomes the stream's error. */
  readonly signal: AbortSignal;
  readonly isEventStream: boolean;
  readonly dialect: Dialect;
  /** Sees each chunk before the client does. */
  readonly tap?: (chunk: Uint8Array) => void;
  /** Called exactly once. */
  readonly onEnd: (outcome: Outcome) => void;
}

/** A pull stream of `body`; a failure is told in-band to readers of events, and never ends cleanly. */
export function responseStream(
  { body, signal, isEventStream, dialect, tap, onEnd }: ResponseStreamOptions,
): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  let tail = "\n\n";
  let hasEnded = false;
  let failure: GatewayError | undefined;
  const onAbort = () => {
    reader.cancel(signal.reason).catch(() => {});
    end(outcomeOf(toGatewayError(signal.reason)));
  };
  const end = (outcome: Outcome) => {
    if (hasEnded) return;
    hasEnded = true;
    signal.removeEventListener("abort", onAbort);
    onEnd(outcome);
  };
  signal.addEventListener("abort", onAbort, { once: true });
  if (signal.aborted) onAbort();
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      if (failure !== undefined) return controller.error(failure);
      try {
        if (signal.aborted) throw signal.reason;
        const { done, value } = await reader.read(); // an abort cancels it, which ends a waiting read;
        if (signal.aborted) throw signal.reason;
        if (done) {
          end({ kind: "complete" });
          return controller.close();
        }
        tap?.(value);
        if (isEventStream) tail = (tail + String.fromCharCode(...value.subarray(-4))).slice(-4);
        controller.enqueue(value);
      } catch (thrown) {
        failure = toGatewayError(thrown);
        end(outcomeOf(failure));
        reader.cancel(thrown).catch(() => {});
        if (!isEventStream) return controller.error(failure);
        const isBetweenEvents = /(\n\n|\r\n\r\n)$/.test(tail);
        controller.enqueue(new TextEncoder().encode((isBetweenEvents ? "" : "\n\n") + errorEvent(failure, dialect)));
      }
    },
    cancel(reason) {
      end({ kind: "clientLeft" });
      return reader.cancel(reason).catch(() => {});
    },
  }, { highWaterMark: 0 });
}

function outcomeOf(error: GatewayError): Outcome {
  return error.code === "client_closed" ? { kind: "clientLeft" } : { kind: "failed", error };
}

function errorEvent(error: GatewayError, dialect: Dialect): string {
  return `${dialect === "anthropic" ? "event: error\n" : ""}data: ${JSON.stringify(errorBody(error, dialect))}\n\n`;
}
