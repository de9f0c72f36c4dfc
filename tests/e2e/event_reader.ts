/**
 * Reads the event files that fake engines write.
 *
 * @module
 */

import type { EngineEvent } from "../fakes/engine_events.ts";

/** Every event that is completely in the file. */
export async function readEvents(file: string): Promise<readonly EngineEvent[]> {
  const text = await Deno.readTextFile(file);
  const complete = text.slice(0, text.lastIndexOf("\n") + 1);
  return complete.split("\n").filter((line) => line !== "").map((line) => JSON.parse(line) as EngineEvent);
}

/** Resolves with the first event that fits; gives up after 20 s. */
export async function waitForEvent(file: string, fits: (event: EngineEvent) => boolean): Promise<EngineEvent> {
  const deadline = performance.now() + 20_000;
  while (performance.now() < deadline) {
    const found = (await readEvents(file)).find(fits);
    if (found !== undefined) return found;
    await new Deno.Command("true").output();
  }
  throw new Error(`no such event in ${file}`);
}
