/**
 * A failure told inside a stream of server-sent events, where status and headers are long gone.
 *
 * The official clients make an error of such an event, whatever came before it.
 *
 * @module
 */

import type { GatewayError } from "../errors.ts";
import { type Dialect, errorBody } from "./error_response.ts";

/** Which protocol's streams a client reads: OpenAI's newer API has events of its own; its error bodies are OpenAI's. */
export type StreamDialect = Dialect | "responses";

/** An answer of a backend that came too late to be passed on. */
export interface LateAnswer {
  readonly status: number;
  /** Its body, or the beginning of it. */
  readonly text: string;
}

/** How much of a body that is no JSON is told. */
const MOST_TOLD = 500;

const RESPONSES = /^\/(?:v1\/)?responses(?:[/?]|$)/;

/** The dialect of the streams below this path at the backend. */
export function streamDialectOf(path: string, dialect: Dialect): StreamDialect {
  return RESPONSES.test(path) ? "responses" : dialect;
}

/** The failure as one more event; `sequence` is its number among the events of a stream that counts them. */
export function errorEvent(error: GatewayError, dialect: StreamDialect, sequence = 0): string {
  if (dialect !== "responses") return eventOf(errorBody(error, dialect), dialect);
  const body = errorBody(error, "openai").error;
  return eventOf(responsesError(isRecord(body) ? body : {}, { message: error.message, sequence }), dialect);
}

/** What a backend answered instead of a stream, as one event: its own error with its status, if it sent one. */
export function lateAnswerEvent(answer: LateAnswer, dialect: StreamDialect): string {
  const { status, text } = answer;
  const said = errorIn(text);
  const message = typeof said.message === "string" ? said.message : wordsFor(answer);
  if (dialect === "responses") {
    return eventOf({ ...responsesError({ code: status, ...said }, { message, sequence: 0 }), status }, dialect);
  }
  const isTheirs = status >= 400 && status < 500;
  const known = typeof said.type === "string" ? said.type : null;
  if (dialect === "anthropic") {
    const type = known ?? (isTheirs ? "invalid_request_error" : "api_error");
    return eventOf({ type: "error", error: { type, message, status } }, dialect);
  }
  const type = known ?? (isTheirs ? "invalid_request_error" : "server_error");
  return eventOf(
    { error: { ...said, message, type, param: said.param ?? null, code: said.code ?? status, status } },
    dialect,
  );
}

/** The number that follows the last one in these bytes of a stream; 0 when there is none. */
export function sequenceAfter(bytes: Uint8Array): number {
  const numbers = new TextDecoder().decode(bytes).matchAll(/"sequence_number":\s*(\d{1,15})/g);
  const last = [...numbers].at(-1)?.[1];
  return last === undefined ? 0 : Number(last) + 1;
}

function eventOf(value: Readonly<Record<string, unknown>>, dialect: StreamDialect): string {
  return `${dialect === "openai" ? "" : "event: error\n"}data: ${JSON.stringify(value)}\n\n`;
}

function responsesError(
  said: Readonly<Record<string, unknown>>,
  { message, sequence }: { readonly message: string; readonly sequence: number },
): Record<string, unknown> {
  const code = said.code ?? null;
  return {
    type: "error",
    code: code === null ? null : String(code),
    message,
    param: said.param ?? null,
    sequence_number: sequence,
  };
}

/** Both protocols have it under `error`; some servers make it a text. */
function errorIn(text: string): Readonly<Record<string, unknown>> {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    return {};
  }
  const error = isRecord(body) ? body.error : undefined;
  if (typeof error === "string") return { message: error };
  return isRecord(error) ? error : {};
}

function wordsFor({ status, text }: LateAnswer): string {
  if (status === 200) return "The model's backend answered in one piece where a stream was asked for";
  const words = text.trim().slice(0, MOST_TOLD);
  return `The model's backend answered with status ${status}${words === "" ? "" : `: ${words}`}`;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
