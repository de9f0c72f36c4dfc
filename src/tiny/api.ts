/**
 * What a client asks for: request bodies of the OpenAI and Anthropic APIs, checked field by field.
 *
 * @module
 */

import { GatewayError } from "../errors.ts";

/** A request for text, whichever protocol it came in. */
export interface TextRequest {
  /** Everything that the client said, in order. */
  readonly prompt: string;
  /** Whether the answer goes on where the prompt ends, instead of starting afresh. */
  readonly continues: boolean;
  /** At most this many tokens. */
  readonly maxTokens: number;
  /** See `Sampling`. */
  readonly temperature: number;
  /** See `Sampling`. */
  readonly topP: number;
  /** The same seed gives the same text; none takes a random one. */
  readonly seed: number | undefined;
  /** The text ends before the first of these. */
  readonly stop: readonly string[];
  /** Goes on to `maxTokens` instead of stopping where the model would. */
  readonly ignoreEnd: boolean;
  /** Whether the answer is a stream of events. */
  readonly stream: boolean;
  /** Whether the stream's last event tells the usage. */
  readonly includeUsage: boolean;
}

/** A request for vectors. */
export interface EmbeddingRequest {
  /** The texts, in order. */
  readonly inputs: readonly string[];
  /** Whether vectors are base64 of little-endian 32-bit floats instead of lists of numbers. */
  readonly base64: boolean;
}

type Body = Readonly<Record<string, unknown>>;

const DEFAULT_MAX_TOKENS = 256;
const MOST_TOKENS = 100_000;

/** Parses a JSON object; throws `bad_request`, as every function here does. */
export function readBody(text: string): Body {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw bad("The body is not JSON");
  }
  if (!isObject(value)) throw bad("The body is not a JSON object");
  return value;
}

/** Reads the body of `POST /v1/chat/completions`. */
export function readChat(body: Body): TextRequest {
  return {
    ...common(body),
    prompt: conversation(body),
    continues: false,
    maxTokens: tokenLimit(
      body,
      (body["max_completion_tokens"] ?? null) === null ? "max_tokens" : "max_completion_tokens",
    ),
    stop: stops(body, "stop"),
  };
}

/** Reads the body of `POST /v1/completions`. */
export function readCompletion(body: Body): TextRequest {
  const given = body["prompt"];
  const prompt = Array.isArray(given) && given.length === 1 ? given[0] as unknown : given;
  if (typeof prompt !== "string") throw bad("prompt must be one string", "prompt");
  return { ...common(body), prompt, continues: true, maxTokens: tokenLimit(body), stop: stops(body, "stop") };
}

/** Reads the body of Anthropic's `POST /v1/messages`. */
export function readMessages(body: Body): TextRequest {
  if ((body["max_tokens"] ?? null) === null) throw bad("max_tokens is missing", "max_tokens");
  return {
    ...common(body),
    prompt: conversation(body),
    continues: false,
    maxTokens: tokenLimit(body),
    stop: stops(body, "stop_sequences"),
  };
}

/** Reads the body of `POST /v1/embeddings`. */
export function readEmbedding(body: Body): EmbeddingRequest {
  const given = body["input"];
  const inputs: unknown[] = typeof given === "string" ? [given] : Array.isArray(given) ? given : [];
  if (inputs.length === 0 || inputs.length > 2048 || !inputs.every((input) => typeof input === "string")) {
    throw bad("input must be a string or a list of 1 to 2048 strings", "input");
  }
  const format = body["encoding_format"] ?? "float";
  if (format !== "float" && format !== "base64") {
    throw bad("encoding_format must be float or base64", "encoding_format");
  }
  return { inputs, base64: format === "base64" };
}

function common(body: Body) {
  const stream = flag(body, "stream");
  const streamOptions = body["stream_options"] ?? {};
  if (!isObject(streamOptions)) throw bad("stream_options must be an object", "stream_options");
  if ((body["n"] ?? 1) !== 1) throw bad("n must be 1", "n");
  const seed = body["seed"] ?? undefined;
  if (seed !== undefined && !Number.isInteger(seed)) throw bad("seed must be an integer", "seed");
  return {
    temperature: number(body, "temperature", { least: 0, most: 2, otherwise: 0.7 }),
    topP: number(body, "top_p", { least: 0, most: 1, otherwise: 0.95 }),
    seed: typeof seed === "number" ? seed : undefined,
    ignoreEnd: flag(body, "ignore_eos"),
    stream,
    includeUsage: flag(streamOptions, "include_usage"),
  };
}

/** The system text and every message, a line each. */
function conversation(body: Body): string {
  const messages = body["messages"];
  if (!Array.isArray(messages) || messages.length === 0) {
    throw bad("messages must be a list that is not empty", "messages");
  }
  const lines = messages.map((message: unknown, index) => {
    if (!isObject(message) || typeof message["role"] !== "string") {
      throw bad(`messages[${index}] must be an object with a role`, `messages[${index}].role`);
    }
    return contentText(message["content"], `messages[${index}].content`);
  });
  return [contentText(body["system"], "system"), ...lines].filter((line) => line !== "").join("\n");
}

/** A string, or the texts of a list of parts; other kinds of parts (images, tool calls) say nothing to this model. */
function contentText(content: unknown, param: string): string {
  if (content === undefined || content === null) return "";
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) throw bad(`${param} must be a string or a list of parts`, param);
  return content.map((part: unknown) => isObject(part) && typeof part["text"] === "string" ? part["text"] : "").join(
    "\n",
  );
}

function tokenLimit(body: Body, name = "max_tokens"): number {
  const limit = number(body, name, { least: 0, most: Infinity, otherwise: DEFAULT_MAX_TOKENS });
  if (!Number.isInteger(limit)) throw bad(`${name} must be an integer`, name);
  return Math.min(limit, MOST_TOKENS);
}

function stops(body: Body, name: string): string[] {
  const given = body[name] ?? [];
  const list: unknown[] = typeof given === "string" ? [given] : Array.isArray(given) ? given : [0];
  if (list.length > 16 || !list.every((stop) => typeof stop === "string" && stop !== "")) {
    throw bad(`${name} must be a string or a list of at most 16 strings`, name);
  }
  return list as string[];
}

function number(body: Body, name: string, range: { least: number; most: number; otherwise: number }): number {
  const value = body[name] ?? range.otherwise;
  if (typeof value !== "number" || !(value >= range.least && value <= range.most)) {
    throw bad(`${name} must be a number from ${range.least} to ${range.most}`, name);
  }
  return value;
}

function flag(body: Body, name: string): boolean {
  const value = body[name] ?? false;
  if (typeof value !== "boolean") throw bad(`${name} must be true or false`, name);
  return value;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function bad(message: string, param?: string): GatewayError {
  return new GatewayError("bad_request", message, param === undefined ? {} : { param });
}
