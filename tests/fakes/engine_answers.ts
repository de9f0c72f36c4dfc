/**
 * What the fake engine says: the bodies of its answers in the shapes of the OpenAI and the Anthropic API, without any timing.
 *
 * @module
 */

/** What an answer must be able to name. */
export interface AnswerFacts {
  /** The model's name. */
  readonly model: string;
  /** The request's number in this process, from 1. */
  readonly sequence: number;
  /** How many tokens the answer has. */
  readonly tokens: number;
  /** The engine's process id. */
  readonly pid: number;
}

/** One protocol's way to answer. A stream is `head`, then `token(i)` for each token, then `tail`. */
export interface AnswerShape {
  /** The body of an answer that is not streamed. */
  whole(facts: AnswerFacts): unknown;
  /** Server-sent events before the first token. */
  head(facts: AnswerFacts): string;
  /** The server-sent event of token `index`, from 0. */
  token(facts: AnswerFacts, index: number): string;
  /** Server-sent events after the last token. */
  tail(facts: AnswerFacts): string;
}

/** The text of token `index`. */
export function tokenText(index: number): string {
  return `t${index} `;
}

/** The shape of `POST /v1/chat/completions`. */
export const chatShape: AnswerShape = {
  whole: (facts) =>
    openaiWhole(facts, "chat.completion", {
      message: { role: "assistant", content: fullText(facts) },
      finish_reason: "stop",
    }),
  head: () => "",
  token: (facts, index) =>
    data(openaiChunk(facts, "chat.completion.chunk", {
      delta: index === 0 ? { role: "assistant", content: tokenText(index) } : { content: tokenText(index) },
      finish_reason: null,
    })),
  tail: (facts) =>
    data(openaiWhole(facts, "chat.completion.chunk", { delta: {}, finish_reason: "stop" })) + "data: [DONE]\n\n",
};

/** The shape of `POST /v1/completions`. */
export const completionShape: AnswerShape = {
  whole: (facts) =>
    openaiWhole(facts, "text_completion", { text: fullText(facts), finish_reason: "stop", logprobs: null }),
  head: () => "",
  token: (facts, index) =>
    data(openaiChunk(facts, "text_completion", { text: tokenText(index), finish_reason: null, logprobs: null })),
  tail: (facts) =>
    data(openaiWhole(facts, "text_completion", { text: "", finish_reason: "stop", logprobs: null })) +
    "data: [DONE]\n\n",
};

/** The shape of Anthropic's `POST /v1/messages`. */
export const messagesShape: AnswerShape = {
  whole: (facts) => anthropicWhole(facts, [{ type: "text", text: fullText(facts) }], "end_turn"),
  head: (facts) => anthropicHead(facts, { type: "text", text: "" }),
  token: (_facts, index) =>
    named("content_block_delta", { index: 0, delta: { type: "text_delta", text: tokenText(index) } }),
  tail: (facts) => anthropicTail(facts, "end_turn"),
};

/** An answer of Anthropic's API, with this content. */
export function anthropicWhole(facts: AnswerFacts, content: readonly unknown[], stopReason: string): unknown {
  return {
    ...anthropic(facts),
    content,
    stop_reason: stopReason,
    stop_sequence: null,
    usage: { input_tokens: 1, output_tokens: facts.tokens },
  };
}

/** The beginning of a stream of Anthropic's API, whose one block begins like this. */
export function anthropicHead(facts: AnswerFacts, block: unknown): string {
  const message = { ...anthropic(facts), content: [], stop_reason: null, stop_sequence: null };
  return named("message_start", { message: { ...message, usage: { input_tokens: 1, output_tokens: 0 } } }) +
    named("content_block_start", { index: 0, content_block: block });
}

/** The end of a stream of Anthropic's API. */
export function anthropicTail(facts: AnswerFacts, stopReason: string): string {
  const delta = { stop_reason: stopReason, stop_sequence: null };
  return named("content_block_stop", { index: 0 }) +
    named("message_delta", { delta, usage: { output_tokens: facts.tokens } }) +
    named("message_stop", {});
}

/** The shape of `POST /v1/responses`. */
export const responsesShape: AnswerShape = {
  whole: (facts) => response(facts, "completed", fullText(facts)),
  head: (facts) =>
    named("response.created", { sequence_number: 0, response: response(facts, "in_progress", null) }) +
    named("response.output_item.added", { sequence_number: 1, output_index: 0, item: emptyMessage(facts) }) +
    named("response.content_part.added", {
      ...place(facts, 2),
      part: { type: "output_text", text: "", annotations: [] },
    }),
  token: (facts, index) =>
    named("response.output_text.delta", { ...place(facts, 3 + index), delta: tokenText(index), logprobs: [] }),
  tail: (facts) =>
    named("response.output_text.done", { ...place(facts, 3 + facts.tokens), text: fullText(facts), logprobs: [] }) +
    named("response.completed", {
      sequence_number: 4 + facts.tokens,
      response: response(facts, "completed", fullText(facts)),
    }),
};

function response(facts: AnswerFacts, status: string, text: string | null) {
  return {
    id: `resp_fake-${facts.pid}-${facts.sequence}`,
    object: "response",
    created_at: 0,
    status,
    model: facts.model,
    output: text === null ? [] : [message(facts, text)],
    usage: { input_tokens: 1, output_tokens: facts.tokens, total_tokens: facts.tokens + 1 },
  };
}

function message(facts: AnswerFacts, text: string) {
  return {
    id: `msg_fake-${facts.pid}-${facts.sequence}`,
    type: "message",
    role: "assistant",
    status: "completed",
    content: [{ type: "output_text", text, annotations: [] }],
  };
}

function emptyMessage(facts: AnswerFacts) {
  return { ...message(facts, ""), status: "in_progress", content: [] };
}

function place(facts: AnswerFacts, sequence: number) {
  return {
    sequence_number: sequence,
    item_id: `msg_fake-${facts.pid}-${facts.sequence}`,
    output_index: 0,
    content_index: 0,
  };
}

/** An answer of OpenAI's API with one choice, or the last piece of a stream, and what it has used. */
export function openaiWhole(facts: AnswerFacts, object: string, choice: Readonly<Record<string, unknown>>): unknown {
  return { ...openaiChunk(facts, object, choice), usage: openaiUsage(facts) };
}

/** A piece of a stream of OpenAI's API, with one choice. */
export function openaiChunk(
  facts: AnswerFacts,
  object: string,
  choice: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  return { ...openai(facts, object), choices: [{ index: 0, ...choice }] };
}

/** The body of `POST /v1/embeddings`: `inputs` vectors of four numbers. */
export function embeddingsAnswer(facts: AnswerFacts, inputs: number): unknown {
  return {
    object: "list",
    model: facts.model,
    sequence: facts.sequence,
    data: Array.from({ length: inputs }, (_, index) => ({ object: "embedding", index, embedding: [1, 0, 0, 0] })),
    usage: { prompt_tokens: inputs, total_tokens: inputs },
  };
}

function openai(facts: AnswerFacts, object: string) {
  return {
    id: `fake-${facts.pid}-${facts.sequence}`,
    object,
    created: 0,
    model: facts.model,
    sequence: facts.sequence,
    pid: facts.pid,
  };
}

function openaiUsage(facts: AnswerFacts) {
  return { prompt_tokens: 1, completion_tokens: facts.tokens, total_tokens: facts.tokens + 1 };
}

function anthropic(facts: AnswerFacts) {
  return {
    id: `fake-${facts.pid}-${facts.sequence}`,
    type: "message",
    role: "assistant",
    model: facts.model,
    sequence: facts.sequence,
    pid: facts.pid,
  };
}

function fullText(facts: AnswerFacts): string {
  return Array.from({ length: facts.tokens }, (_, index) => tokenText(index)).join("");
}

/** An event without a name. */
export function data(body: unknown): string {
  return `data: ${JSON.stringify(body)}\n\n`;
}

/** An event with a name, which its body repeats. */
export function named(type: string, body: Record<string, unknown>): string {
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...body })}\n\n`;
}
