/**
 * How answers look on the wire: bodies and server-sent events of the OpenAI and Anthropic APIs.
 *
 * @module
 */

import { ERRORS, type GatewayError } from "../errors.ts";
import type { FinishReason } from "./generation.ts";

/** What every part of one answer names. */
export interface AnswerFacts {
  /** Names the answer. */
  readonly id: string;
  /** The model's name. */
  readonly model: string;
  /** Seconds since 1970. */
  readonly created: number;
  /** Tokens of the prompt. */
  readonly promptTokens: number;
  /** Whether the stream's last event tells the usage. */
  readonly includeUsage: boolean;
}

/** How an answer ended. */
export interface AnswerEnd {
  /** Tokens of the answer. */
  readonly tokens: number;
  /** Why it ended. */
  readonly finish: FinishReason;
  /** The stop sequence that ended it. */
  readonly stopSequence: string | undefined;
}

/** One protocol's way to answer. A stream is `head`, a `piece` for each token, and `tail`. */
export interface AnswerShape {
  /** The body of an answer that is not streamed. */
  whole(facts: AnswerFacts, text: string, end: AnswerEnd): unknown;
  /** Events before the first token. */
  head(facts: AnswerFacts): string;
  /** The event of one piece of text. */
  piece(facts: AnswerFacts, text: string): string;
  /** Events after the last token. */
  tail(facts: AnswerFacts, end: AnswerEnd): string;
  /** The body of a refusal. */
  error(error: GatewayError): unknown;
}

/** `POST /v1/chat/completions`. */
export const chatShape: AnswerShape = {
  whole: (facts, text, end) => ({
    ...openai(facts, "chat.completion"),
    choices: [{ index: 0, message: { role: "assistant", content: text }, logprobs: null, finish_reason: end.finish }],
    usage: usage(facts, end),
  }),
  head: (facts) => chatChunk(facts, { role: "assistant", content: "" }, null),
  piece: (facts, text) => chatChunk(facts, { content: text }, null),
  tail: (facts, end) => chatChunk(facts, {}, end.finish) + usageChunk(facts, "chat.completion.chunk", end) + DONE,
  error: openaiError,
};

/** `POST /v1/completions`. */
export const completionShape: AnswerShape = {
  whole: (facts, text, end) => ({
    ...openai(facts, "text_completion"),
    choices: [{ index: 0, text, logprobs: null, finish_reason: end.finish }],
    usage: usage(facts, end),
  }),
  head: () => "",
  piece: (facts, text) => completionChunk(facts, text, null),
  tail: (facts, end) => completionChunk(facts, "", end.finish) + usageChunk(facts, "text_completion", end) + DONE,
  error: openaiError,
};

/** Anthropic's `POST /v1/messages`. */
export const messagesShape: AnswerShape = {
  whole: (facts, text, end) => ({
    ...anthropic(facts),
    content: [{ type: "text", text }],
    ...stopped(end),
    usage: { input_tokens: facts.promptTokens, output_tokens: end.tokens },
  }),
  head: (facts) =>
    named("message_start", {
      message: {
        ...anthropic(facts),
        content: [],
        stop_reason: null,
        stop_sequence: null,
        usage: { input_tokens: facts.promptTokens, output_tokens: 0 },
      },
    }) + named("content_block_start", { index: 0, content_block: { type: "text", text: "" } }),
  piece: (_facts, text) => named("content_block_delta", { index: 0, delta: { type: "text_delta", text } }),
  tail: (_facts, end) =>
    named("content_block_stop", { index: 0 }) +
    named("message_delta", { delta: stopped(end), usage: { output_tokens: end.tokens } }) +
    named("message_stop", {}),
  error: (error) => ({
    type: "error",
    error: { type: error.status < 500 ? "invalid_request_error" : "api_error", message: error.message },
  }),
};

/** The OpenAI body of a refusal. */
export function openaiError(error: GatewayError): unknown {
  return {
    error: {
      message: error.message,
      type: ERRORS[error.code].type,
      param: error.param ?? null,
      code: error.code,
    },
  };
}

const DONE = "data: [DONE]\n\n";

function chatChunk(facts: AnswerFacts, delta: unknown, finish: FinishReason | null): string {
  return data({
    ...openai(facts, "chat.completion.chunk"),
    choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }],
  });
}

function completionChunk(facts: AnswerFacts, text: string, finish: FinishReason | null): string {
  return data({
    ...openai(facts, "text_completion"),
    choices: [{ index: 0, text, logprobs: null, finish_reason: finish }],
  });
}

function usageChunk(facts: AnswerFacts, object: string, end: AnswerEnd): string {
  return facts.includeUsage ? data({ ...openai(facts, object), choices: [], usage: usage(facts, end) }) : "";
}

function openai(facts: AnswerFacts, object: string) {
  return { id: facts.id, object, created: facts.created, model: facts.model };
}

function usage(facts: AnswerFacts, end: AnswerEnd) {
  return {
    prompt_tokens: facts.promptTokens,
    completion_tokens: end.tokens,
    total_tokens: facts.promptTokens + end.tokens,
  };
}

function anthropic(facts: AnswerFacts) {
  return { id: facts.id, type: "message", role: "assistant", model: facts.model };
}

function stopped(end: AnswerEnd) {
  const reason = end.finish === "length" ? "max_tokens" : end.stopSequence === undefined ? "end_turn" : "stop_sequence";
  return { stop_reason: reason, stop_sequence: end.stopSequence ?? null };
}

function data(body: unknown): string {
  return `data: ${JSON.stringify(body)}\n\n`;
}

function named(type: string, body: Readonly<Record<string, unknown>>): string {
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...body })}\n\n`;
}
