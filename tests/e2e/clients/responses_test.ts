import { assert, assertEquals, assertRejects } from "@std/assert";
import OpenAI from "openai";
import { ANSWER, clientTests } from "./world.ts";

clientTests(
  "the official openai client: responses",
  (engine) => `
models:
  one: { cmd: ${engine("--model one")} }
  two: { cmd: ${engine("--model two")} }
`,
  {
    "a response is made, whole": async ({ openai }) => {
      const made = await openai.responses.create({ model: "one", input: "ahoy" });
      assertEquals([made.output_text, made.status, made.usage?.output_tokens], [ANSWER, "completed", 4]);
    },

    "a response is made in pieces, and put together": async ({ openai }) => {
      const stream = openai.responses.stream({ model: "one", input: "ahoy" });
      const kinds: string[] = [];
      for await (const { type } of stream) kinds.push(type);
      assertEquals((await stream.finalResponse()).output_text, ANSWER);
      assertEquals([kinds[0], kinds.at(-1)], ["response.created", "response.completed"]);
      assertEquals(kinds.filter((kind) => kind === "response.output_text.delta").length, 4);
    },

    "what is asked of a stored response goes to the model that made it, which no request names": async ({ openai }) => {
      const ofOne = await openai.responses.create({ model: "one", input: "ahoy" });
      const ofTwo = await openai.responses.create({ model: "two", input: "ahoy, two" });
      for (const made of [ofTwo, ofTwo]) {
        assertEquals((await openai.responses.retrieve(made.id)).output_text, ANSWER);
        const items = await Array.fromAsync(openai.responses.inputItems.list(made.id));
        assertEquals(items.map((item) => item.type === "message" && item.content), ["ahoy, two"] as unknown[]);
      }
      assertEquals((await openai.responses.cancel(ofTwo.id)).status, "cancelled");
      await openai.responses.delete(ofTwo.id);
      await assertRejects(() => openai.responses.retrieve(ofTwo.id), OpenAI.NotFoundError, "at two");
      // The engine of `one` was stopped for `two` and has lost what it kept; but it is the one that is asked.
      await assertRejects(() => openai.responses.retrieve(ofOne.id), OpenAI.NotFoundError, "at one");
    },

    "a response that came in pieces is found again": async ({ openai }) => {
      const { id } = await openai.responses.stream({ model: "two", input: "ahoy" }).finalResponse();
      assertEquals((await openai.responses.retrieve(id)).id, id);
    },

    "a response that the gateway does not know is asked for by naming its model": async ({ openai }) => {
      const unknown = await assertRejects(() => openai.responses.retrieve("resp_unknown"), OpenAI.BadRequestError);
      assert(unknown.message.includes("model"), unknown.message);
      await assertRejects(
        () => openai.responses.retrieve("resp_unknown", {}, { query: { model: "two" } }),
        OpenAI.NotFoundError,
        "at two",
      );
    },

    "without /v1 the same is asked for": async ({ openaiWith, gateway: { url } }) => {
      const client = openaiWith({ baseURL: url });
      const { id } = await client.responses.create({ model: "two", input: "ahoy" });
      assertEquals((await client.responses.retrieve(id)).id, id);
      assertEquals((await client.responses.cancel(id)).status, "cancelled");
      assertEquals((await Array.fromAsync(client.responses.inputItems.list(id))).length, 1);
      await client.responses.delete(id);
    },
  },
);
