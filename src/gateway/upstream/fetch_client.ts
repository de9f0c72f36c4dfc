/**
 * The client for https backends: the runtime's own `fetch`.
 *
 * @module
 */

import { GatewayError } from "../../errors.ts";
import type { UpstreamRequest, UpstreamResponse } from "./message.ts";

/**
 * Sends `request` to `url`; rejects with the signal's reason, `header_timeout` or `backend_unreachable`, its body with
 * `backend_lost`.
 */
export async function sendByFetch(
  url: string,
  request: UpstreamRequest,
  headerTimeoutMs: number | null,
): Promise<UpstreamResponse> {
  const stop = new AbortController();
  const onAbort = () => stop.abort(request.signal?.reason);
  request.signal?.throwIfAborted();
  const letGo = () => {
    request.signal?.removeEventListener("abort", onAbort);
    return null;
  };
  request.signal?.addEventListener("abort", onAbort, { once: true });
  const timer = headerTimeoutMs === null ? undefined : setTimeout(() => {
    stop.abort(new GatewayError("header_timeout", "The model's backend did not answer in time"));
  }, headerTimeoutMs);
  try {
    const headers = new Headers(
      request.headers.filter(([name]) => name !== "host").map(([n, v]): [string, string] => [n, v]),
    );
    headers.set("accept-encoding", "identity");
    const response = await fetch(url, {
      method: request.method,
      headers,
      body: request.body === null ? null : new Uint8Array(request.body),
      redirect: "manual",
      signal: stop.signal,
    });
    return {
      status: response.status,
      statusText: response.statusText,
      headers: [...response.headers],
      body: response.body === null ? letGo() : bodyOf(response.body, stop.signal, letGo),
    };
  } catch (cause) {
    letGo();
    if (stop.signal.aborted) throw stop.signal.reason;
    throw new GatewayError("backend_unreachable", "The model's backend cannot be reached", { cause });
  } finally {
    clearTimeout(timer);
  }
}

function bodyOf(body: ReadableStream<Uint8Array>, signal: AbortSignal, onEnd: () => void): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const { done, value } = await reader.read();
        if (!done) return controller.enqueue(value);
        onEnd();
        controller.close();
      } catch (cause) {
        onEnd();
        const lost = new GatewayError("backend_lost", "The model's backend broke off", { cause });
        controller.error(signal.aborted ? signal.reason : lost);
      }
    },
    async cancel(reason) {
      onEnd();
      await reader.cancel(reason);
    },
  }, { highWaterMark: 0 });
}
