/**
 * When a starting backend is asked whether it is ready, and at which address.
 *
 * @module
 */

/** Milliseconds until the next probe, `elapsedMs` after the start (G16): dense while a quick load may end. */
export function nextProbeDelayMs(elapsedMs: number): number {
  if (elapsedMs < 5_000) return 10;
  return elapsedMs < 60_000 ? 20 : 100;
}

/** The probe's URL: the base path of `proxy` before the check's path; of a full URL only path and query count. */
export function probeUrl(proxy: string, checkEndpoint: string): string {
  const base = new URL(proxy);
  const check = new URL(checkEndpoint, "http://check.invalid/");
  return base.origin + base.pathname.replace(/\/+$/, "") + check.pathname + check.search;
}
