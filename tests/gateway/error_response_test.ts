import { assert, assertEquals, assertFalse } from "@std/assert";
import { type ErrorCode, ERRORS, GatewayError } from "../../src/errors.ts";
import { dialectOf, errorBody, errorResponse } from "../../src/gateway/error_response.ts";

const ERROR = new GatewayError("queue_full", "Too <many>", { retryAfterS: 3, detail: "secret", param: "model" });

Deno.test("only the messages routes speak Anthropic's dialect", () => {
  for (
    const path of [
      "/v1/messages",
      "/v1/messages/count_tokens",
      "/v1/messages/batches/x",
      "/v/messages",
      "/upstream/author/model/v1/messages",
    ]
  ) assertEquals(dialectOf(path), "anthropic", path);
  for (const path of ["/v1/chat/completions", "/v1/messages2", "/upstream/v1/messages", "/"]) {
    assertEquals(dialectOf(path), "openai");
  }
});

Deno.test("a client of Anthropic's is known by its header where the path says nothing", () => {
  assertEquals(dialectOf("/v1/models", new Headers({ "anthropic-version": "2023-06-01" })), "anthropic");
  assertEquals(dialectOf("/v1/models", new Headers()), "openai");
});

Deno.test("SW21 SW20: type and code follow the status as in llama-swap; the gateway's own code is the reason, and in a header", async () => {
  const wire: Readonly<Record<number, readonly [type: string, code: string]>> = {
    400: ["invalid_request_error", "bad_request"],
    401: ["authentication_error", "unauthorized"],
    403: ["authentication_error", "forbidden"],
    404: ["invalid_request_error", "not_found"],
    405: ["invalid_request_error", "invalid_request"],
    408: ["invalid_request_error", "invalid_request"],
    409: ["invalid_request_error", "conflict"],
    413: ["invalid_request_error", "invalid_request"],
    426: ["invalid_request_error", "invalid_request"],
    429: ["rate_limit_error", "rate_limit_exceeded"],
    499: ["invalid_request_error", "invalid_request"],
    500: ["server_error", "internal_error"],
    501: ["server_error", "internal_error"],
    502: ["server_error", "bad_gateway"],
    503: ["server_error", "service_unavailable"],
    504: ["server_error", "gateway_timeout"],
    508: ["server_error", "internal_error"],
  };
  for (const code of Object.keys(ERRORS) as ErrorCode[]) {
    const { status } = ERRORS[code];
    const [type, expected] = wire[status] ?? [];
    const response = errorResponse(new GatewayError(code, "why"), { dialect: "openai" });
    assertEquals([response.status, response.headers.get("x-berth-error")], [status, code]);
    assertEquals(await response.json(), {
      src: "berth",
      error: {
        message: "why",
        type,
        param: null,
        code: code === "concurrency_limit" ? code : expected,
        reason: code,
      },
    }, code);
  }
});

Deno.test("SW19 SW22: too many requests for a model is JSON whatever the client accepts, with Retry-After", async () => {
  const error = new GatewayError("concurrency_limit", "Too many requests for m", { retryAfterS: 1 });
  for (const accept of ["text/plain", "text/html", "*/*"]) {
    const response = errorResponse(error, { dialect: "openai", accept });
    assertEquals([response.headers.get("content-type"), response.headers.get("retry-after")], [
      "application/json",
      "1",
    ]);
    assertEquals((await response.json()).error.code, "concurrency_limit");
  }
});

Deno.test("SV48: 401 asks the browser for a password, and nothing else does", () => {
  for (const code of Object.keys(ERRORS) as ErrorCode[]) {
    const header = errorResponse(new GatewayError(code, "why"), { dialect: "openai" }).headers.get("www-authenticate");
    assertEquals(header, code === "unauthorized" ? 'Basic realm="berth"' : null, code);
  }
});

Deno.test("no shape lets a browser guess another type", () => {
  for (const accept of [null, "text/plain", "text/html"]) {
    assertEquals(errorResponse(ERROR, { dialect: "openai", accept }).headers.get("x-content-type-options"), "nosniff");
  }
});

Deno.test("Anthropic's shape names the request", async () => {
  const response = errorResponse(ERROR, { dialect: "anthropic", requestId: "r1" });
  assertEquals((await response.json()).request_id, "r1");
  assertEquals(errorBody(ERROR, "anthropic"), {
    type: "error",
    error: { type: "rate_limit_error", message: "Too <many>" },
  });
});

Deno.test("OpenAI's shape: message, type, param, code, and when to come again", async () => {
  const response = errorResponse(ERROR, { dialect: "openai", requestId: "r1" });
  assertEquals([response.status, response.headers.get("retry-after")], [429, "3"]);
  assertEquals(response.headers.get("x-request-id"), "r1");
  assertEquals(response.headers.get("content-type"), "application/json");
  assertEquals(await response.json(), {
    src: "berth",
    error: {
      message: "Too <many>",
      type: "rate_limit_error",
      param: "model",
      code: "rate_limit_exceeded",
      reason: "queue_full",
    },
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
      ["start_timeout", "timeout_error"],
    ] as const
  ) {
    const response = errorResponse(new GatewayError(code, "why"), { dialect: "anthropic" });
    assertEquals(await response.json(), { type: "error", error: { type, message: "why" } });
  }
});

Deno.test("SW18: who asks for text gets text, who asks for HTML gets it escaped", async () => {
  const plain = errorResponse(ERROR, { dialect: "openai", accept: "text/plain" });
  assertEquals(plain.headers.get("content-type"), "text/plain");
  assertEquals(await plain.text(), "berth: Too <many>");
  const both = errorResponse(ERROR, { dialect: "openai", accept: "text/html, text/plain" });
  assertEquals(both.headers.get("content-type"), "text/plain");
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

Deno.test("the official clients are told not to repeat by themselves what would be repeated in vain", () => {
  const told = (code: ErrorCode) =>
    errorResponse(new GatewayError(code, ""), { dialect: "openai" }).headers.get("x-should-retry");
  for (const code of ["cancelled", "start_failed", "internal", "loop"] as const) {
    assertEquals(told(code), "false", code);
  }
  for (const code of ["queue_full", "model_unloaded", "backend_lost", "conflict"] as const) {
    assertEquals(told(code), null, code);
  }
});
