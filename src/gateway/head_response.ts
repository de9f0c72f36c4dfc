/**
 * Answers to HEAD: the runtime says a length of 0 for a body that is not there, which is not that of the answer to GET.
 *
 * @module
 */

/** What an answer is besides its body. */
export interface ResponseHead {
  readonly status: number;
  readonly statusText: string;
  readonly headers: [string, string][];
}

/** Statuses without a body whatever the method. */
const BODILESS: ReadonlySet<number> = new Set([204, 205, 304]);

/** The answer to HEAD: with the length that its headers tell, or none; the runtime tells none for a stream. */
export function headResponse(init: ResponseHead): Response {
  const hasLength = init.headers.some(([name]) => name === "content-length");
  return new Response(hasLength || BODILESS.has(init.status) ? null : endsAtOnce(), init);
}

/** For whoever reads it all the same. */
function endsAtOnce(): ReadableStream<Uint8Array<ArrayBuffer>> {
  return new ReadableStream({ pull: (controller) => controller.close() }, { highWaterMark: 0 });
}
