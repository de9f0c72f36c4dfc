/**
 * One running gateway over fake engines, and the official clients of both APIs, for tests of what a client sees.
 *
 * @module
 */

import Anthropic, { type ClientOptions as AnthropicOptions } from "@anthropic-ai/sdk";
import OpenAI, { type ClientOptions as OpenAIOptions } from "openai";
import { readEvents, waitForEvent } from "../event_reader.ts";
import { fakeEngine, type RunningGateway, startGateway } from "../gateway.ts";
import type { EngineEvent } from "../../fakes/engine_events.ts";

/** What a step of {@link clientTests} works with. */
export interface World {
  readonly gateway: RunningGateway;
  /** A client that tries once. */
  readonly openai: OpenAI;
  /** A client that tries once. */
  readonly anthropic: Anthropic;
  /** Another client; what is not given is as in `openai`. */
  openaiWith(options: OpenAIOptions): OpenAI;
  /** Another client; what is not given is as in `anthropic`. */
  anthropicWith(options: AnthropicOptions): Anthropic;
  /** What the engines have written down. */
  events(): Promise<readonly EngineEvent[]>;
  /** Resolves with the first thing of this kind that an engine writes down about the request with this tag. */
  heard(tag: string, kind: EngineEvent["event"]): Promise<EngineEvent>;
  /** Resolves when `/api/queue` is as asked for. */
  queued(fits: (queue: Queue) => boolean): Promise<Queue>;
}

/** The part of `GET /api/queue` that tests look at. */
export interface Queue {
  readonly active: readonly { readonly id: string; readonly model: string }[];
  readonly waiting: readonly { readonly id: string; readonly model: string }[];
  readonly total: number;
}

/** A config in which `engine(flags)` is the `cmd` of a fake engine that writes its events where {@link World} reads them. */
export type ConfigText = (engine: (flags?: string) => string) => string;

/** The key that gateways without keys ignore, and clients insist on. */
export const ANY_KEY = "not-needed";

/** Runs steps, by name and in order, with one gateway for all of them; leaks are looked for after the last one. */
export function clientTests(
  subject: string,
  config: ConfigText,
  steps: Readonly<Record<string, (world: World) => Promise<void>>>,
): void {
  Deno.test(subject, async (test) => {
    const folder = await Deno.makeTempDir({ prefix: "berth-clients-" });
    const events = `${folder}/events`;
    await Deno.writeTextFile(events, "");
    {
      await using gateway = await startGateway({
        config: config((flags = "") => `"${fakeEngine(`--events ${events} ${flags}`)}"`),
      });
      const world = createWorld(gateway, events);
      for (const [name, fn] of Object.entries(steps)) {
        const isOk = await test.step({ name, fn: () => fn(world), sanitizeOps: false, sanitizeResources: false });
        if (!isOk) break; // what it left behind would be taken for failures of the others
      }
    }
    await Deno.remove(folder, { recursive: true });
  });
}

function createWorld(gateway: RunningGateway, events: string): World {
  const openaiWith: World["openaiWith"] = (options) =>
    new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: ANY_KEY, maxRetries: 0, ...options });
  const anthropicWith: World["anthropicWith"] = (options) =>
    new Anthropic({ baseURL: gateway.url, apiKey: ANY_KEY, maxRetries: 0, ...options });
  return {
    gateway,
    openai: openaiWith({}),
    anthropic: anthropicWith({}),
    openaiWith,
    anthropicWith,
    events: () => readEvents(events),
    heard: (tag, kind) => waitForEvent(events, (event) => event.tag === tag && event.event === kind),
    async queued(fits) {
      let queue: Queue | null = null;
      for (const deadline = performance.now() + 20_000; performance.now() < deadline;) {
        queue = await (await fetch(`${gateway.url}/api/queue`)).json() as Queue;
        if (fits(queue)) return queue;
      }
      throw new Error(`the queue never was as asked for, in the end ${JSON.stringify(queue)}`);
    },
  };
}

/** What a client says, in the shape of both APIs. */
export const MESSAGES = [{ role: "user" as const, content: "ahoy" }];

/** The text that a fake engine answers with, unless told otherwise. */
export const ANSWER = "t0 t1 t2 t3 ";

/** Headers that mark a request in the engines' events, and may ask the engine to fail that often with this status. */
export function marked(
  tag: string,
  fail?: { readonly status: number; readonly times: number },
): Record<string, string> {
  return { "x-tag": tag, ...(fail === undefined ? {} : { "x-fake-fail": `${fail.status} ${fail.times} ${tag}` }) };
}
