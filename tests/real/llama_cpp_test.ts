import { assert, assertEquals, assertRejects } from "@std/assert";
import OpenAI from "openai";
import { startGateway } from "../e2e/gateway.ts";
import { engineCommand, hasEngine } from "./engine.ts";

const KEY_UNUSED = "not-needed";

Deno.test({
  name: "two models of a real llama.cpp server: swaps, streaming and an abort through the official client",
  ignore: !hasEngine(),
  async fn() {
    const folder = await Deno.makeTempDir({ prefix: "berth-real-" });
    const model = (id: string) => `  ${id}:\n    cmd: ${engineCommand(`${folder}/${id}.gguf`)}\n`;
    {
      await using gateway = await startGateway({ config: `models:\n${model("one")}${model("two")}` });
      const client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: KEY_UNUSED, maxRetries: 0, timeout: 60_000 });
      const ask = (model: string, maxTokens: number) => ({
        model,
        messages: [{ role: "user" as const, content: "ahoy" }],
        max_tokens: maxTokens,
      });

      for (const name of ["one", "two", "one"]) {
        const answer = await client.chat.completions.create(ask(name, 6));
        assertEquals(answer.usage?.completion_tokens, 6, gateway.log());
        const { running } = await (await fetch(`${gateway.url}/running`)).json();
        assertEquals(running.map((r: { model: string; state: string }) => [r.model, r.state]), [[name, "ready"]]);
      }

      const stream = await client.chat.completions.create({ ...ask("two", 12), stream: true });
      let chunks = 0;
      for await (const chunk of stream) if (chunk.choices[0]?.delta.content !== undefined) chunks++;
      assert(chunks > 1);

      const leaving = new AbortController();
      const long = await client.chat.completions.create({ ...ask("two", 400), stream: true }, {
        signal: leaving.signal,
      });
      let seen = 0;
      for await (const _chunk of long) if (++seen === 3) leaving.abort();
      const after = await client.chat.completions.create(ask("one", 3));
      assertEquals(after.usage?.completion_tokens, 3);

      await assertRejects(() => client.chat.completions.create(ask("three", 3)), OpenAI.NotFoundError);
    }
    await Deno.remove(folder, { recursive: true });
  },
});
