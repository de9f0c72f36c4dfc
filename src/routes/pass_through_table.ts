/**
 * The routes that pass everything below them on to one backend (llama-swap spec §1.8, §1.9).
 *
 * @module
 */

/** One route. */
export interface PassedRoute {
  /** Path at the gateway. */
  readonly path: string;
  /** What it is for. */
  readonly summary: string;
}

/** The routes. */
export const PASSED_ROUTES: readonly PassedRoute[] = [
  { path: "/upstream/{model…}/{path…}", summary: "Speak to the backend of a model directly" },
  { path: "/comfyui/{path…}", summary: "Speak to ComfyUI, the model comfyui_auto" },
];

/** The methods that are passed on, for those who read the document; others are passed on as well. */
export const PASSED_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"] as const;
