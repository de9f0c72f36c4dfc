/**
 * What keeps a stream alive that waits, in its own dialect: nothing that changes what a client parses (G7).
 *
 * @module
 */

import type { StreamDialect } from "./error_event.ts";

/** How a waiting request stands. */
export type Standing =
  | { readonly kind: "queued"; readonly position: number; readonly estimateMs: number }
  | { readonly kind: "loading"; readonly estimateMs: number }
  /** The backend has the request and has not answered yet. */
  | { readonly kind: "asked" };

/** Anthropic's own event for this; other streams get a comment, which also tells people how it stands. */
export function keepAliveText(dialect: StreamDialect, standing: Standing): string {
  if (dialect === "anthropic") return 'event: ping\ndata: {"type": "ping"}\n\n';
  return `: ${wordsFor(standing)}\n\n`;
}

function wordsFor(standing: Standing): string {
  switch (standing.kind) {
    case "queued":
      return `queue position ${standing.position}, about ${wholeSeconds(standing.estimateMs)} s`;
    case "loading":
      return `loading the model, about ${wholeSeconds(standing.estimateMs)} s`;
    case "asked":
      return "the model is at work";
    default:
      return standing satisfies never;
  }
}

function wholeSeconds(ms: number): number {
  return Math.ceil(ms / 1000);
}
