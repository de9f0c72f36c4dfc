import { assert, assertEquals, assertMatch } from "@std/assert";
import { ANSWER, clientTests, MESSAGES } from "./world.ts";

const NAMES = ["quick", "org/slow:q4"];

const USAGE = { prompt_tokens: 1, completion_tokens: 4, total_tokens: 5 };

const TOOL = {
  type: "function" as const,
  function: {
    name: "tide",
    parameters: { type: "object", properties: { at: { type: "string" } } },
  },
};

clientTests(
  "the official openai client: text",
  (engine) => `
models:
  quick: { cmd: ${engine()}, aliases: [swift] }
  "org/slow:q4": { cmd: ${engine()}, description: A slow one }
`,
  {
    "chat: an answer with its usage, its model and the gateway's id of the request": async ({ openai }) => {
      const { data, response, request_id } = await openai.chat.completions.create({
        model: "quick",
        messages: MESSAGES,
      })
        .withResponse();
      assertEquals([data.choices[0]?.message.content, data.model], [ANSWER, "quick"]);
      assertEquals(data.usage, USAGE);
      assertMatch(request_id ?? "", /^[0-9a-f-]{36}$/);
      assertEquals(response.headers.get("x-request-id"), request_id);
    },

    "chat: an alias reaches its model, and the backend sees the name that the client gave": async ({ openai }) => {
      const answer = await openai.chat.completions.create({ model: "swift", messages: MESSAGES });
      assertEquals(answer.model, "swift");
    },

    "chat: a stream is put together with its role, text, end and usage": async ({ openai }) => {
      const stream = openai.chat.completions.stream({
        model: "quick",
        messages: MESSAGES,
        stream_options: { include_usage: true },
      });
      let pieces = 0;
      for await (const chunk of stream) pieces += chunk.choices[0]?.delta.content === undefined ? 0 : 1;
      const whole = await stream.finalChatCompletion();
      const { message, finish_reason } = whole.choices[0] ?? {};
      assertEquals([pieces, message?.role, message?.content, finish_reason], [4, "assistant", ANSWER, "stop"]);
      assertEquals(whole.usage, USAGE);
    },

    "tools: a call comes whole, and in pieces of a stream": async ({ openai }) => {
      const asked = { model: "quick", messages: MESSAGES, tools: [TOOL] };
      const whole = await openai.chat.completions.create(asked);
      const streamed = await openai.chat.completions.stream(asked).finalChatCompletion();
      for (const { choices: [choice] } of [whole, streamed]) {
        const [call] = choice?.message.tool_calls ?? [];
        assertEquals(choice?.finish_reason, "tool_calls");
        assert(call?.type === "function");
        assertEquals([call.function.name, call.function.arguments], ["tide", '{"at":"noon"}']);
      }
    },

    "tools: the client's own loop runs the tool and sends its result, plain and streamed": async ({ openai }) => {
      for (const stream of [false, true] as const) {
        const called: unknown[] = [];
        const tool = {
          type: "function" as const,
          function: {
            ...TOOL.function,
            description: "tells the tide",
            parse: JSON.parse,
            function(input: unknown) {
              called.push(input);
              return "high water";
            },
          },
        };
        const asked = { model: "quick", messages: MESSAGES, tools: [tool] };
        const runner = stream
          ? openai.chat.completions.runTools({ ...asked, stream })
          : openai.chat.completions.runTools({ ...asked, stream });
        assertEquals(await runner.finalContent(), ANSWER);
        assertEquals(called, [{ at: "noon" }]);
      }
    },

    "completions: whole and as a stream": async ({ openai }) => {
      const whole = await openai.completions.create({ model: "quick", prompt: "ahoy" });
      assertEquals(whole.choices[0]?.text, ANSWER);
      let text = "";
      for await (const { choices } of await openai.completions.create({ model: "quick", prompt: "a", stream: true })) {
        text += choices[0]?.text ?? "";
      }
      assertEquals(text, ANSWER);
    },

    "embeddings: as many vectors as inputs": async ({ openai }) => {
      const { data, usage } = await openai.embeddings.create({
        model: "quick",
        input: ["ship", "shore", "sea"],
        encoding_format: "float",
      });
      assertEquals(data.map(({ index, embedding }) => [index, embedding.length]), [[0, 4], [1, 4], [2, 4]]);
      assertEquals(usage.prompt_tokens, 3);
    },

    "moderations": async ({ openai }) => {
      const { results } = await openai.moderations.create({ model: "quick", input: "ahoy" });
      assertEquals(results.map(({ flagged }) => flagged), [false]);
    },

    "models: the list, and one of them, whatever is in its name": async ({ openai }) => {
      const listed = await Array.fromAsync(openai.models.list());
      assertEquals(listed.map(({ id, object }) => [id, object]), NAMES.toSorted().map((id) => [id, "model"]));
      for (const id of NAMES) {
        const one = await openai.models.retrieve(id);
        assertEquals([one.id, one.object], [id, "model"]);
      }
    },

    "a base URL with or without /v1, and with a slash at its end": async ({ openaiWith, gateway: { url } }) => {
      for (const baseURL of [url, `${url}/`, `${url}/v1`, `${url}/v1/`]) {
        const client = openaiWith({ baseURL });
        const chat = await client.chat.completions.create({ model: "quick", messages: MESSAGES });
        const text = await client.completions.create({ model: "quick", prompt: "ahoy" });
        const vectors = await client.embeddings.create({ model: "quick", input: "ahoy", encoding_format: "float" });
        const response = await client.responses.create({ model: "quick", input: "ahoy" });
        const model = await client.models.retrieve("quick");
        const listed = await Array.fromAsync(client.models.list());
        assert(chat.choices.length === 1 && text.choices.length === 1 && vectors.data.length === 1, baseURL);
        assertEquals([response.output_text, model.id, listed.length], [ANSWER, "quick", 2], baseURL);
      }
    },
  },
);
