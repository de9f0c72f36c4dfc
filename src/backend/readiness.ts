/**
 * When a starting backend is asked whether it is ready, and at which address.
 *
 * @module
 */

import type { Clock } from "../clock.ts";
import type { Probe } from "./types.ts";

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

/** What {@link waitUntilReady} needs. */
export interface ReadinessOptions {
  /** Where to ask. */
  readonly url: string;
  /** Asks once. */
  readonly probe: Probe;
  /** Time. */
  readonly clock: Clock;
  /** Ends the waiting at once: the backend has exited. */
  readonly signal: AbortSignal;
  /** Asked before each probe; false ends the waiting: the start was given up. */
  readonly goOn: () => boolean;
}

/** A probe that hangs is given up after this long and repeated, in milliseconds. */
const PROBE_TIMEOUT_MS = 5_000;

/** Probes until the answer is exactly 200; resolves false when it was told to end before. Never rejects. */
export async function waitUntilReady(options: ReadinessOptions): Promise<boolean> {
  const { clock, signal, goOn } = options;
  const startedAt = clock.now();
  while (!signal.aborted && goOn()) {
    if (await isReady(options)) return !signal.aborted && goOn();
    await pause(clock, nextProbeDelayMs(clock.now() - startedAt), signal);
  }
  return false;
}

async function isReady({ url, probe, clock, signal }: ReadinessOptions): Promise<boolean> {
  const giveUp = new AbortController();
  const onAbort = () => giveUp.abort();
  signal.addEventListener("abort", onAbort, { once: true });
  const cancelTimer = clock.after(PROBE_TIMEOUT_MS, onAbort);
  try {
    return await probe(url, giveUp.signal) === 200;
  } catch {
    return false;
  } finally {
    cancelTimer();
    signal.removeEventListener("abort", onAbort);
  }
}

async function pause(clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const onAbort = () => resolve();
  signal.addEventListener("abort", onAbort, { once: true });
  const cancel = clock.after(delayMs, resolve);
  await promise;
  cancel();
  signal.removeEventListener("abort", onAbort);
}
