import { assertEquals, assertStringIncludes } from "@std/assert";
import { ANSWER, clientTests, marked, MESSAGES, type World } from "./world.ts";

/** Options of one call of either client. */
interface CallOptions {
  readonly headers: Record<string, string>;
  readonly signal?: AbortSignal;
}

type Stream = (world: World, options: CallOptions) => PromiseLike<AsyncIterable<unknown>>;

const STREAMS: Readonly<Record<string, Stream>> = {
  openai: ({ openai }, options) =>
    openai.chat.completions.create({ model: "endless", messages: MESSAGES, stream: true }, options),
  "openai responses": ({ openai }, options) =>
    openai.responses.create({ model: "endless", input: "ahoy", stream: true }, options),
  anthropic: ({ anthropic }, options) =>
    anthropic.messages.create({ model: "endless", messages: MESSAGES, max_tokens: 9, stream: true }, options),
};

/** What a call fails with. */
function rejection(call: PromiseLike<unknown>): Promise<unknown> {
  return Promise.resolve(call).then(() => null, (thrown: unknown) => thrown);
}

/** The accelerator is free when a request for the other model is answered. */
async function isFree({ openai, queued }: World): Promise<void> {
  const answer = await openai.chat.completions.create({ model: "quick", messages: MESSAGES });
  assertEquals(answer.choices[0]?.message.content, ANSWER);
  await queued(({ active, total }) => active.length === 0 && total === 0);
}

/** Calls of both clients that are answered as a whole. */
const CALLS: Readonly<Record<string, (world: World, model: string, options: CallOptions) => PromiseLike<unknown>>> = {
  openai: ({ openai }, model, options) => openai.chat.completions.create({ model, messages: MESSAGES }, options),
  anthropic: ({ anthropic }, model, options) =>
    anthropic.messages.create({ model, messages: MESSAGES, max_tokens: 9 }, options),
};

/** Many bytes of headers, so that the body comes after what the runtime reads at first. */
const LONG_HEAD = { "x-long": "a".repeat(4000) };

function stepsOf(name: string, stream: Stream): Record<string, (world: World) => Promise<void>> {
  return {
    [`${name}: leaving a stream in the middle ends the backend's work, and the slot is free`]: async (world) => {
      const tag = `${name}-leaves`;
      let pieces = 0;
      for await (const _ of await stream(world, { headers: marked(tag) })) if (++pieces === 5) break;
      await world.heard(tag, "client-left");
      await isFree(world);
    },

    [`${name}: a signal ends a stream`]: async (world) => {
      const tag = `${name}-signal`;
      const leaving = new AbortController();
      // An aborted stream of either client ends without an error, as if it were complete.
      for await (const _ of await stream(world, { headers: marked(tag), signal: leaving.signal })) leaving.abort();
      await world.heard(tag, "client-left");
      await isFree(world);
    },
  };
}

clientTests(
  "streams that official clients leave",
  (engine) => `
models:
  endless: { cmd: ${engine("--tokens 1000000 --token-ms 2")} }
  quick: { cmd: ${engine()} }
`,
  {
    ...Object.assign({}, ...Object.entries(STREAMS).map(([name, stream]) => stepsOf(name, stream))),
    "calls that are taken back while they wait in line never reach a backend": async (world) => {
      const holding = await STREAMS["openai"]?.(world, { headers: marked("holds") });
      const leaving = new AbortController();
      const calls = Object.values(CALLS).flatMap((call) =>
        [{}, LONG_HEAD].map((more) =>
          rejection(call(world, "quick", { headers: { ...marked("waits"), ...more }, signal: leaving.signal }))
        )
      );
      await world.queued(({ total }) => total === calls.length);
      leaving.abort();
      for (const thrown of await Promise.all(calls)) assertStringIncludes(`${thrown}`, "Request was aborted");
      await world.queued(({ active, total }) => active.length === 1 && total === 0);
      for await (const _ of holding ?? []) break;
      await isFree(world);
      assertEquals((await world.events()).filter(({ tag }) => tag === "waits"), []);
    },

    "calls that are taken back before their answer give the slot back": async (world) => {
      for (const [name, call] of Object.entries(CALLS)) {
        const leaving = new AbortController();
        const headers = { ...marked(`${name}-unanswered`), ...LONG_HEAD };
        const thrown = rejection(call(world, "endless", { headers, signal: leaving.signal }));
        await world.heard(`${name}-unanswered`, "request");
        leaving.abort();
        assertStringIncludes(`${await thrown}`, "Request was aborted");
        await world.queued(({ active }) => active.length === 0);
        await isFree(world);
      }
    },
  },
);
