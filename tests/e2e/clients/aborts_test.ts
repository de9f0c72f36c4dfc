import { assert, assertEquals } from "@std/assert";
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

/** The accelerator is free when a request for the other model is answered. */
async function isFree({ openai, queued }: World): Promise<void> {
  const answer = await openai.chat.completions.create({ model: "quick", messages: MESSAGES });
  assertEquals(answer.choices[0]?.message.content, ANSWER);
  await queued(({ active, total }) => active.length === 0 && total === 0);
}

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
    "in the end each request has ended at its backend": async ({ events }: World) => {
      const seen = await events();
      const of = (kind: string) => seen.filter(({ event }) => event === kind).length;
      assert(of("request") > 6);
      assertEquals(of("request"), of("request-end") + of("client-left"));
    },
  },
);
