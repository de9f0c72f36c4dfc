import { assertEquals } from "@std/assert";
import { lives, overlaps, served } from "../observer/intervals.ts";
import { clientTests, marked, MESSAGES, type World } from "./world.ts";

/** Asks with a client of either kind, and says which model answered. */
async function ask({ openai, anthropic }: World, at: number): Promise<string> {
  const model = at % 2 === 0 ? "one" : "two";
  const options = { headers: marked(`${at}`) };
  if (at % 3 === 0) return (await openai.chat.completions.create({ model, messages: MESSAGES }, options)).model;
  const asked = { model, messages: MESSAGES, max_tokens: 9 };
  if (at % 3 === 1) return (await anthropic.messages.stream(asked, options).finalMessage()).model;
  return (await openai.responses.stream({ model, input: "ahoy" }, options).finalResponse()).model;
}

clientTests(
  "official clients of two models in one line",
  (engine) => `
models:
  one: { cmd: ${engine("--model one")} }
  two: { cmd: ${engine("--model two")} }
  endless: { cmd: ${engine("--model endless --tokens 1000000 --token-ms 2")} }
`,
  {
    "each is answered by its model, in the order of arrival, one process at a time": async (world) => {
      const holding = await world.openai.chat.completions.create(
        { model: "endless", messages: MESSAGES, stream: true },
        { headers: marked("holds") },
      );
      const answers: Promise<string>[] = [];
      for (let at = 0; at < 6; at++) {
        answers.push(ask(world, at));
        await world.queued(({ total }) => total === at + 1);
      }
      holding.controller.abort();
      assertEquals(await Promise.all(answers), ["one", "two", "one", "two", "one", "two"]);
      const seen = await world.events();
      assertEquals(served([...seen]).map(({ tag }) => tag), ["holds", "0", "1", "2", "3", "4", "5"]);
      assertEquals(overlaps([...seen]), []);
      assertEquals(lives([...seen]).map(({ model }) => model), ["endless", "one", "two", "one", "two", "one", "two"]);
    },
  },
);
