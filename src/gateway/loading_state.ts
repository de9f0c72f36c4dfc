/**
 * llama-swap's way to show in a chat that its model is being loaded: text in the place of the model's thoughts (spec §3.3).
 *
 * @module
 */

/** How often something is added, in milliseconds. */
export const LOADING_BEAT_MS = 750;

/** Programs look for it: llama-swap's web page cuts what stands between two of them out of what a model said. */
const MARKER = "\u2501".repeat(5);

const CHAT = /^\/(?:v1\/)?chat\/completions(?:[/?]|$)/;

/** Whether streams of this path at the backend may be told. */
export function showsLoading(path: string): boolean {
  return CHAT.test(path);
}

/** What it begins with. */
export function loadingOpening(model: string): string {
  return said(`${MARKER}\n`) + said(`llama-swap loading model: ${model}\n`);
}

/** What is added when the place in the line has changed; the head is 1. */
export function loadingPosition(position: number): string {
  return said(`\nQueue position: #${position} `);
}

/** What is added while nothing has changed. */
export function loadingDot(): string {
  return said(".");
}

/** What it ends with when the model is ready; the model's own words follow. */
export function loadingClosing(tookMs: number): string {
  return said(`\nDone! (${(tookMs / 1000).toFixed(2)}s)\n`) + said(`${MARKER}\n`) + said(" \n");
}

function said(text: string): string {
  return `data: ${JSON.stringify({ choices: [{ delta: { reasoning_content: text } }] })}\n\n`;
}
