import { assertEquals, assertStringIncludes } from "@std/assert";
import { GatewayError } from "../../src/errors.ts";
import { errorEvent, lateAnswerEvent, sequenceAfter, streamDialectOf } from "../../src/gateway/error_event.ts";

const ERROR = new GatewayError("backend_lost", "It broke off");

/** The value of one event, which must be whole and of this name. */
function valueOf(event: string, name: string | null) {
  const opening = name === null ? "data: " : `event: ${name}\ndata: `;
  assertEquals([event.startsWith(opening), event.endsWith("\n\n"), event.indexOf("\n\n")], [
    true,
    true,
    event.length - 2,
  ]);
  return JSON.parse(event.slice(opening.length));
}

Deno.test("a failure in a stream of responses is an event of its own, with the number that follows", () => {
  const value = valueOf(errorEvent(ERROR, "responses", 7), "error");
  assertEquals([value.type, value.message, value.param, value.sequence_number], ["error", "It broke off", null, 7]);
  assertEquals(typeof value.code, "string");
});

Deno.test("the number that follows is read from the bytes that were sent last", () => {
  const number = (text: string) => sequenceAfter(new TextEncoder().encode(text));
  assertEquals(number('data: {"sequence_number":3}\n\ndata: {"sequence_number": 4,"x":1}\n\n'), 5);
  assertEquals([number(""), number('"sequence_number":"x"')], [0, 0]);
});

Deno.test("streams of responses and of their sub-resources are told apart by the path at the backend", () => {
  for (const path of ["/v1/responses", "/v1/responses?x=1", "/v1/responses/resp_1", "/responses", "/responses?x=1"]) {
    assertEquals(streamDialectOf(path, "openai"), "responses");
  }
  assertEquals(streamDialectOf("/v1/messages", "anthropic"), "anthropic");
  assertEquals(streamDialectOf("/v1/chat/completions", "openai"), "openai");
});

Deno.test("§11.2.15: an answer that came too late keeps its status and its own error, in each dialect", () => {
  const text = JSON.stringify({
    error: { code: 400, message: "too long", type: "exceed_context_size_error", n_ctx: 5 },
  });
  const answer = { status: 400, text };
  assertEquals(valueOf(lateAnswerEvent(answer, "openai"), null), {
    error: {
      code: 400,
      message: "too long",
      type: "exceed_context_size_error",
      n_ctx: 5,
      param: null,
      status: 400,
    },
  });
  assertEquals(valueOf(lateAnswerEvent(answer, "anthropic"), "error"), {
    type: "error",
    error: { type: "exceed_context_size_error", message: "too long", status: 400 },
  });
  assertEquals(valueOf(lateAnswerEvent(answer, "responses"), "error"), {
    type: "error",
    code: "400",
    message: "too long",
    param: null,
    sequence_number: 0,
    status: 400,
  });
});

Deno.test("an answer that came too late and is no JSON is told with its status and its beginning", () => {
  const { error } = valueOf(lateAnswerEvent({ status: 500, text: "<h1>bad</h1>" + "x".repeat(5000) }, "openai"), null);
  assertStringIncludes(error.message, "status 500: <h1>bad</h1>");
  assertEquals([error.message.length < 600, error.type, error.code], [true, "server_error", 500]);
  const whole = valueOf(lateAnswerEvent({ status: 200, text: '{"choices":[]}' }, "anthropic"), "error");
  assertEquals([whole.error.type, whole.error.message.includes("in one piece")], ["api_error", true]);
});

Deno.test("an error that is a text is taken for its message, and odd ones break nothing", () => {
  assertEquals(
    valueOf(lateAnswerEvent({ status: 404, text: '{"error":"no such thing"}' }, "openai"), null).error.message,
    "no such thing",
  );
  for (const text of ["", "null", "[]", '{"error":[]}', '{"error":{"message":5}}', '{"error":null}']) {
    const { error } = valueOf(lateAnswerEvent({ status: 503, text }, "openai"), null);
    assertEquals([typeof error.message, error.type], ["string", "server_error"]);
  }
});
