import { assert, assertEquals, assertFalse } from "@std/assert";
import { GatewayError } from "../../src/errors.ts";
import { dialectOf, errorResponse } from "../../src/gateway/error_response.ts";

const ERROR = new GatewayError("queue_full", "Too <many>", { retryAfterS: 3, detail: "secret", param: "model" });

Deno.test("only the messages routes speak Anthropic's dialect", () => {
  for (const path of ["/v1/messages", "/v1/messages/count_tokens", "/v/messages"]) {
    assertEquals(dialectOf(path), "anthropic");
  }
  for (const path of ["/v1/chat/completions", "/v1/messages2", "/upstream/v1/messages", "/"]) {
    assertEquals(dialectOf(path), "openai");
  }
});

Deno.test("OpenAI's shape: message, type, param, code, and when to come again", async () => {
  const response = errorResponse(ERROR, { dialect: "openai", requestId: "r1" });
  assertEquals([response.status, response.headers.get("retry-after")], [429, "3"]);
  assertEquals(response.headers.get("x-request-id"), "r1");
  assertEquals(response.headers.get("content-type"), "application/json");
  assertEquals(await response.json(), {
    src: "berth",
    error: { message: "Too <many>", type: "rate_limit_error", param: "model", code: "queue_full" },
  });
});

Deno.test("Anthropic's shape: the type follows the status", async () => {
  for (
    const [code, type] of [
      ["unauthorized", "authentication_error"],
      ["forbidden", "permission_error"],
      ["unknown_model", "not_found_error"],
      ["body_too_large", "request_too_large"],
      ["queue_full", "rate_limit_error"],
      ["model_unloaded", "overloaded_error"],
      ["bad_request", "invalid_request_error"],
      ["backend_lost", "api_error"],
    ] as const
  ) {
    const response = errorResponse(new GatewayError(code, "why"), { dialect: "anthropic" });
    assertEquals(await response.json(), { type: "error", error: { type, message: "why" } });
  }
});

Deno.test("who asks for text gets text, who asks for HTML gets it escaped", async () => {
  const plain = errorResponse(ERROR, { dialect: "openai", accept: "text/plain" });
  assertEquals(plain.headers.get("content-type"), "text/plain");
  assertEquals(await plain.text(), "berth: Too <many>");
  const html = errorResponse(ERROR, { dialect: "openai", accept: "text/html,*/*" });
  assertEquals(html.headers.get("content-type"), "text/html");
  const text = await html.text();
  assert(text.includes("Too &#60;many&#62;"));
});

Deno.test("the detail is for the operator alone", async () => {
  for (const accept of [null, "text/plain", "text/html"]) {
    assertFalse((await errorResponse(ERROR, { dialect: "openai", accept }).text()).includes("secret"));
    assert((await errorResponse(ERROR, { dialect: "openai", accept, operator: true }).text()).includes("secret"));
  }
});
