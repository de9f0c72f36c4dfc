/**
 * An event feed with everything it tells of, and readers of its messages.
 *
 * @module
 */

import { assert, assertExists } from "@std/assert";
import { createLog } from "../../src/log.ts";
import type { QueueBounds } from "../../src/observe/event_queue.ts";
import type { EventReader, EventReaderOptions, ModelStatus } from "../../src/observe/event_reader.ts";
import { EventFeed } from "../../src/observe/events.ts";
import { Logs } from "../../src/observe/logs.ts";
import { makeTable, type World } from "./watching.ts";

/** One message, decoded. */
export interface Message {
  readonly type: string;
  // deno-lint-ignore no-explicit-any -- tests look into it as they please
  readonly data: any;
}

/** A feed and what it tells of. */
export interface EventWorld extends World {
  readonly logs: Logs;
  readonly feed: EventFeed;
  /** Writes a line of the gateway's own. */
  readonly line: (text: string) => void;
  /** Writes what a backend printed. */
  readonly output: (text: string) => void;
  models: readonly (ModelStatus & Record<string, unknown>)[];
  profile: string | null;
}

/** Makes a feed with one model. */
export function makeFeed({ bounds }: { readonly bounds?: QueueBounds } = {}): EventWorld {
  const logs = new Logs();
  const encoder = new TextEncoder();
  const { clock, inFlight } = makeTable();
  const world: EventWorld = {
    clock,
    inFlight,
    logs,
    line: (text) => logs.proxy.push(encoder.encode(text)),
    output: (text) => logs.upstream.push(encoder.encode(text)),
    models: [{ id: "m", state: "stopped" }],
    profile: null,
    feed: new EventFeed({
      clock,
      inFlight,
      logs,
      log: createLog({ write: logs.writeLine }),
      modelStatus: () => world.models,
      activeProfile: () => world.profile,
      sessionHeaders: () => ["X-Session-ID"],
      ...(bounds === undefined ? {} : { bounds }),
    }),
  };
  return world;
}

/** A reader that may see all. */
export function readAll({ feed }: EventWorld, options: Partial<EventReaderOptions> = {}): EventReader {
  return feed.read({ form: "message", mayUse: () => true, mayReadLogs: true, ...options });
}

/** The messages that come next, in one piece; null at the end. */
export async function nextMessages(reader: EventReader): Promise<readonly Message[] | null> {
  const bytes = await reader.next();
  return bytes === null ? null : parseMessages(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
}

/** Reads messages as strictly as §4 has them; a comment has the type `comment`. */
export function parseMessages(text: string): readonly Message[] {
  assert(text.endsWith("\n\n"));
  return text.slice(0, -2).split("\n\n").map((block) => {
    if (block.startsWith(": ")) return { type: "comment", data: block.slice(2) };
    const json = /^event:message\ndata:(\{"type":"\w+","data":"[^\r\n]*"\})$/.exec(block)?.[1];
    assertExists(json, block);
    const { type, data } = JSON.parse(json) as { readonly type: string; readonly data: string };
    return { type, data: JSON.parse(data) };
  });
}

/** The types of messages, in order. */
export function typesOf(messages: readonly Message[] | null): readonly string[] | undefined {
  return messages?.map(({ type }) => type);
}
