import { assert, assertEquals, assertMatch } from "@std/assert";
import { ANSWER, clientTests, MESSAGES } from "./world.ts";

const ASKED = { model: "quick", max_tokens: 9, messages: MESSAGES };

const TOOL = {
  name: "tide",
  description: "tells the tide",
  input_schema: { type: "object" as const, properties: { at: { type: "string" } } },
};

clientTests(
  "the official Anthropic client",
  (engine) => `
models:
  quick: { cmd: ${engine()}, aliases: [claude-harbour] }
`,
  {
    "a message, with the gateway's id of the request": async ({ anthropic }) => {
      const { data, request_id } = await anthropic.messages.create(ASKED).withResponse();
      assertEquals(data.content, [{ type: "text", text: ANSWER }] as unknown[]);
      assertEquals([data.stop_reason, data.usage.output_tokens, data.model], ["end_turn", 4, "quick"]);
      assertMatch(request_id ?? "", /^[0-9a-f-]{36}$/);
    },

    "a message in pieces is put together": async ({ anthropic }) => {
      const texts: string[] = [];
      const stream = anthropic.messages.stream({ ...ASKED, model: "claude-harbour" }).on("text", (t) => texts.push(t));
      const message = await stream.finalMessage();
      assertEquals([texts.join(""), texts.length, message.stop_reason], [ANSWER, 4, "end_turn"]);
      assertEquals([message.usage.output_tokens, message.model], [4, "claude-harbour"]);
      assertMatch(stream.request_id ?? "", /^[0-9a-f-]{36}$/);
    },

    "tools: a call comes whole, and in pieces of a stream": async ({ anthropic }) => {
      const asked = { ...ASKED, tools: [TOOL] };
      const whole = await anthropic.messages.create(asked);
      const streamed = await anthropic.messages.stream(asked).finalMessage();
      for (const { stop_reason, content: [call] } of [whole, streamed]) {
        assert(call?.type === "tool_use");
        assertEquals([stop_reason, call.name, call.input], ["tool_use", "tide", { at: "noon" }]);
      }
    },

    "tools: the client's own loop runs the tool and sends its result": async ({ anthropic }) => {
      const called: unknown[] = [];
      const message = await anthropic.beta.messages.toolRunner({
        ...ASKED,
        tools: [{
          ...TOOL,
          parse: (input: unknown) => input,
          run(input: unknown) {
            called.push(input);
            return "high water";
          },
        }],
      });
      assertEquals(called, [{ at: "noon" }]);
      assertEquals(message.content, [{ type: "text", text: ANSWER }] as unknown[]);
    },

    "tokens are counted": async ({ anthropic }) => {
      const { input_tokens } = await anthropic.messages.countTokens({ model: "quick", messages: MESSAGES });
      assertEquals(input_tokens, JSON.stringify(MESSAGES).length);
    },

    "models: the list, and one of them": async ({ anthropic }) => {
      assertEquals((await Array.fromAsync(anthropic.models.list())).map(({ id }) => id), ["quick"]);
      assertEquals((await anthropic.models.retrieve("quick")).id, "quick");
    },

    "what its key is called does not matter to a gateway without keys": async ({ anthropicWith }) => {
      const client = anthropicWith({ apiKey: null, authToken: "any" });
      assertEquals((await client.messages.create(ASKED)).stop_reason, "end_turn");
    },
  },
);
