import { assert, assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import OpenAI from "openai";
import { ANSWER, clientTests, marked, MESSAGES } from "./world.ts";

/** What each attempt of a client was answered. */
interface Attempt {
  readonly status: number;
  readonly retryAfter: string | null;
  readonly shouldRetry: string | null;
}

/** A `fetch` for a client that writes down its attempts. */
function counting(): { readonly attempts: Attempt[]; readonly fetch: typeof fetch } {
  const attempts: Attempt[] = [];
  return {
    attempts,
    async fetch(...asked) {
      const response = await fetch(...asked);
      const { status, headers } = response;
      attempts.push({ status, retryAfter: headers.get("retry-after"), shouldRetry: headers.get("x-should-retry") });
      return response;
    },
  };
}

const statuses = (attempts: readonly Attempt[]) => attempts.map(({ status }) => status);

clientTests(
  "official clients that try again",
  (engine) => `
routing: { scheduler: { settings: { serial: { maxQueue: 1 } } } }
models:
  quick: { cmd: ${engine()} }
  endless: { cmd: ${engine("--tokens 1000000 --token-ms 2")} }
  broken: { cmd: ${engine("--crash-on-start 3")} }
`,
  {
    "a backend that is busy once is asked twice, with its Retry-After passed on": async (
      { openaiWith, anthropicWith },
    ) => {
      await Promise.all([429, 503].map(async (status) => {
        const [ofOpenai, ofAnthropic] = [counting(), counting()];
        const openai = openaiWith({ fetch: ofOpenai.fetch, maxRetries: 2 });
        const anthropic = anthropicWith({ fetch: ofAnthropic.fetch, maxRetries: 2 });
        const fail = (client: string) => ({ headers: marked(`${client}-${status}`, { status, times: 1 }) });
        await openai.chat.completions.create({ model: "quick", messages: MESSAGES }, fail("o"));
        await anthropic.messages.create({ model: "quick", messages: MESSAGES, max_tokens: 9 }, fail("a"));
        for (const { attempts } of [ofOpenai, ofAnthropic]) {
          assertEquals(statuses(attempts), [status, 200]);
          assertEquals(attempts[0]?.retryAfter, "0");
        }
      }));
    },

    "a backend that stays busy is asked as often as the client was told to, and no more": async (
      { openaiWith, events },
    ) => {
      const { attempts, fetch } = counting();
      const client = openaiWith({ fetch, maxRetries: 1 });
      const headers = marked("stays", { status: 503, times: 9 });
      await assertRejects(
        () => client.chat.completions.create({ model: "quick", messages: MESSAGES }, { headers }),
        OpenAI.InternalServerError,
      );
      assertEquals(statuses(attempts), [503, 503]);
      assertEquals((await events()).filter(({ event, tag }) => event === "request" && tag === "stays").length, 2);
    },

    "a full queue is answered 429 with a Retry-After, after which the client gets in": async (
      { openai, openaiWith, queued, gateway: { url } },
    ) => {
      const holding = await openai.chat.completions.create({ model: "endless", messages: MESSAGES, stream: true });
      const first = openai.chat.completions.create({ model: "quick", messages: MESSAGES });
      const waiting = Promise.resolve(first);
      await queued(({ total }) => total === 1);
      const { attempts, fetch: counted } = counting();
      const second = openaiWith({
        maxRetries: 3,
        async fetch(...asked) {
          const response = await counted(...asked);
          if (response.status === 429) holding.controller.abort();
          return response;
        },
      });
      const answer = await second.chat.completions.create({ model: "quick", messages: MESSAGES });
      assertEquals(answer.choices[0]?.message.content, ANSWER);
      assertEquals((await waiting).choices[0]?.message.content, ANSWER);
      assertEquals(statuses(attempts), [429, 200]);
      assert(Number(attempts[0]?.retryAfter) >= 1, `${attempts[0]?.retryAfter} for ${url}`);
      assertEquals(attempts[0]?.shouldRetry, null);
    },

    "what would fail again, and what an operator cancelled, is not sent again": async (
      { openai, openaiWith, queued, gateway: { url } },
    ) => {
      const broken = counting();
      await assertRejects(
        () =>
          openaiWith({ fetch: broken.fetch, maxRetries: 2 })
            .chat.completions.create({ model: "broken", messages: MESSAGES }),
        OpenAI.InternalServerError,
      );
      assertEquals(broken.attempts, [{ status: 502, retryAfter: null, shouldRetry: "false" }]);

      const holding = await openai.chat.completions.create({ model: "endless", messages: MESSAGES, stream: true });
      const cancelled = counting();
      const call = openaiWith({ fetch: cancelled.fetch, maxRetries: 2 })
        .chat.completions.create({ model: "quick", messages: MESSAGES }).then(() => null, (thrown: unknown) => thrown);
      const { waiting } = await queued(({ total }) => total === 1);
      await (await fetch(`${url}/api/queue/${waiting[0]?.id}`, { method: "DELETE" })).body?.cancel();
      const thrown = await call;
      assertInstanceOf(thrown, OpenAI.InternalServerError);
      assertEquals(cancelled.attempts, [{ status: 503, retryAfter: null, shouldRetry: "false" }]);
      holding.controller.abort();
      await queued(({ active }) => active.length === 0);
    },
  },
);
