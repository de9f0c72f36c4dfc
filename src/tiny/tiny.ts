/**
 * The built-in model as one edge-style server value: a request in, a paced answer out.
 *
 * @module
 */

import { type Clock, systemClock } from "../clock.ts";
import { GatewayError, toGatewayError } from "../errors.ts";
import { readBody, readChat, readCompletion, readEmbedding, readMessages, type TextRequest } from "./api.ts";
import corpus from "./corpus.txt" with { type: "text" };
import { type Embedder, trainEmbedder } from "./embeddings.ts";
import { countTokens, generate } from "./generation.ts";
import { type LanguageModel, trainLanguageModel } from "./language_model.ts";
import { pacedSteps } from "./pace.ts";
import { parseTinyOptions, type TinyOptions } from "./options.ts";
import {
  type AnswerEnd,
  type AnswerFacts,
  type AnswerShape,
  chatShape,
  completionShape,
  messagesShape,
} from "./shapes.ts";

const ROUTES: ReadonlySet<string> = new Set([
  "/health",
  "/v1/models",
  "/v1/chat/completions",
  "/v1/completions",
  "/v1/messages",
  "/v1/embeddings",
]);

/** An edge-style server. */
export interface TinyServer {
  /** Answers one request; a stream stops at once when its body is cancelled or `request.signal` aborts. Never rejects. */
  fetch(request: Request): Promise<Response>;
}

interface Tiny {
  readonly options: TinyOptions;
  readonly model: LanguageModel;
  readonly embedder: Embedder;
  readonly clock: Clock;
  readonly readyAt: number;
  /** Held so that `--memory` is really in use. */
  readonly ballast: readonly Uint8Array[];
}

/**
 * Trains the model and starts its load time; `args` are those of `parseTinyOptions`, whose `Error` it throws.
 * Training is done when this returns, so readiness is a question of `clock` alone.
 */
export function createTiny(args: readonly string[], clock: Clock = systemClock): TinyServer {
  const options = parseTinyOptions(args);
  const startedAt = clock.now();
  const tiny: Tiny = {
    options,
    model: trainLanguageModel(corpus),
    embedder: trainEmbedder(corpus),
    clock,
    readyAt: startedAt + options.loadMs,
    ballast: allocate(options.memoryBytes),
  };
  return { fetch: (request) => answer(tiny, request) };
}

async function answer(tiny: Tiny, request: Request): Promise<Response> {
  const { pathname } = new URL(request.url);
  const key = `${request.method} ${pathname}`;
  const shape = pathname === "/v1/messages" ? messagesShape : chatShape;
  try {
    const signal = request.signal; // wired on first touch
    if (tiny.clock.now() < tiny.readyAt) throw new GatewayError("model_unloaded", "Loading model", { retryAfterS: 1 });
    switch (key) {
      case "GET /health":
        return Response.json({ status: "ok" });
      case "GET /v1/models":
        return Response.json({ object: "list", data: [card(tiny)] });
      case "POST /v1/chat/completions":
        return await answerText(tiny, chatShape, readChat(readBody(await request.text())), signal);
      case "POST /v1/completions":
        return await answerText(tiny, completionShape, readCompletion(readBody(await request.text())), signal);
      case "POST /v1/messages":
        return await answerText(tiny, messagesShape, readMessages(readBody(await request.text())), signal);
      case "POST /v1/embeddings":
        return answerEmbedding(tiny, await request.text());
      default:
        throw new GatewayError(
          ROUTES.has(pathname) ? "method_not_allowed" : "not_found",
          `The built-in model does not serve ${key}`,
        );
    }
  } catch (thrown) {
    const error = toGatewayError(thrown);
    return Response.json(shape.error(error), { status: error.status });
  }
}

async function answerText(
  tiny: Tiny,
  shape: AnswerShape,
  request: TextRequest,
  signal: AbortSignal,
): Promise<Response> {
  const facts: AnswerFacts = {
    id: `tiny-${crypto.randomUUID()}`,
    model: tiny.options.name,
    created: Math.floor(Date.now() / 1000),
    promptTokens: countTokens(request.prompt),
    includeUsage: request.includeUsage,
  };
  const steps = (stop: AbortSignal) =>
    pacedSteps(generate(tiny.model, request), { ...tiny.options, clock: tiny.clock, signal: stop });
  if (request.stream) {
    return new Response(eventStream(shape, facts, steps), { headers: { "content-type": "text/event-stream" } });
  }
  let text = "";
  let end: AnswerEnd = { tokens: 0, finish: "length", stopSequence: undefined };
  for await (const step of steps(signal)) {
    text += step.text;
    end = { tokens: step.tokens, finish: step.finish ?? end.finish, stopSequence: step.stopSequence };
  }
  return Response.json(shape.whole(facts, text, end));
}

/** Pulls one step for each event that the reader takes; a cancelled stream ends the generation. */
function eventStream(
  shape: AnswerShape,
  facts: AnswerFacts,
  start: (signal: AbortSignal) => ReturnType<typeof pacedSteps>,
): ReadableStream<Uint8Array> {
  const gone = new AbortController();
  const steps = start(gone.signal);
  const encoder = new TextEncoder();
  let head = shape.head(facts);
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      let events = head;
      head = "";
      while (events === "") {
        const { done, value } = await steps.next();
        if (done || gone.signal.aborted) return;
        if (value.text !== "") events = shape.piece(facts, value.text);
        if (value.finish === undefined) continue;
        events += shape.tail(facts, { tokens: value.tokens, finish: value.finish, stopSequence: value.stopSequence });
        controller.enqueue(encoder.encode(events));
        return controller.close();
      }
      controller.enqueue(encoder.encode(events));
    },
    cancel() {
      gone.abort();
    },
  }, { highWaterMark: 0 });
}

function answerEmbedding(tiny: Tiny, text: string): Response {
  const { inputs, base64 } = readEmbedding(readBody(text));
  const data = inputs.map((input, index) => {
    const vector = tiny.embedder.embed(input);
    return { object: "embedding", index, embedding: base64 ? base64OfFloats(vector) : [...vector] };
  });
  const tokens = inputs.reduce((sum, input) => sum + countTokens(input), 0);
  const usage = { prompt_tokens: tokens, total_tokens: tokens };
  return Response.json({ object: "list", model: tiny.options.name, data, usage });
}

function base64OfFloats(vector: Float64Array): string {
  const bytes = new DataView(new ArrayBuffer(vector.length * 4));
  vector.forEach((value, at) => bytes.setFloat32(at * 4, value, true));
  return btoa(String.fromCharCode(...new Uint8Array(bytes.buffer)));
}

function card(tiny: Tiny) {
  return { id: tiny.options.name, object: "model", created: 0, owned_by: "berth" };
}

/** Takes memory and touches every page of it: memory that was never written is not in use. */
function allocate(bytes: number): Uint8Array[] {
  const block = 64 * 2 ** 20;
  const blocks: Uint8Array[] = [];
  for (let left = bytes; left > 0; left -= block) {
    const memory = new Uint8Array(Math.min(left, block));
    for (let at = 0; at < memory.length; at += 4096) memory[at] = 1;
    blocks.push(memory);
  }
  return blocks;
}
