import { assertEquals } from "@std/assert";
import { keepAliveText } from "../../src/gateway/keep_alive.ts";
import {
  loadingClosing,
  loadingDot,
  loadingOpening,
  loadingPosition,
  showsLoading,
} from "../../src/gateway/loading_state.ts";

const event = (text: string) => `data: {"choices":[{"delta":{"reasoning_content":"${text}"}}]}\n\n`;

Deno.test("G7: a keep-alive is a comment that tells place and estimate, in both of OpenAI's dialects", () => {
  for (const dialect of ["openai", "responses"] as const) {
    assertEquals(
      keepAliveText(dialect, { kind: "queued", position: 3, estimateMs: 39_100 }),
      ": queue position 3, about 40 s\n\n",
    );
    assertEquals(keepAliveText(dialect, { kind: "loading", estimateMs: 0 }), ": loading the model, about 0 s\n\n");
    assertEquals(keepAliveText(dialect, { kind: "asked" }), ": the model is at work\n\n");
  }
});

Deno.test("G7: a keep-alive is a ping event for Anthropic's clients", () => {
  const ping = 'event: ping\ndata: {"type": "ping"}\n\n';
  assertEquals(keepAliveText("anthropic", { kind: "queued", position: 1, estimateMs: 1 }), ping);
  assertEquals(keepAliveText("anthropic", { kind: "asked" }), ping);
});

Deno.test("RL11: the loading stream begins with the marker and the model, and ends with the seconds and the marker", () => {
  const marker = "\u2501\u2501\u2501\u2501\u2501\\n";
  assertEquals(loadingOpening("qwen"), event(marker) + event("llama-swap loading model: qwen\\n"));
  assertEquals(loadingPosition(2), event("\\nQueue position: #2 "));
  assertEquals(loadingDot(), event("."));
  assertEquals(loadingClosing(12_345), event("\\nDone! (12.35s)\\n") + event(marker) + event(" \\n"));
});

Deno.test("RL11: the loading stream is for chats, at /v1/chat/completions and its twin", () => {
  assertEquals(["/v1/chat/completions", "/v1/chat/completions?a=b"].map(showsLoading), [true, true]);
  assertEquals(["/chat/completions", "/chat/completions?a=b"].map(showsLoading), [true, true]);
  assertEquals(["/v1/completions", "/v1/messages", "/v1/responses"].map(showsLoading), [false, false, false]);
});
