/**
 * A failure in the shape of the protocol that the client speaks.
 *
 * @module
 */

// Deferred: it takes 16 ms of the start to make a table that pages alone show.
import defer * as http from "@std/http/status";
import { type ErrorCode, ERRORS, type GatewayError } from "../errors.ts";

/** Which protocol's errors a client understands. */
export type Dialect = "openai" | "anthropic";

/** How {@link errorResponse} words the failure. */
export interface ErrorResponseOptions {
  readonly dialect: Dialect;
  /** The request's Accept header. */
  readonly accept?: string | null;
  /** Whether the client may see the error's detail; false unless given. */
  readonly operator?: boolean;
  readonly requestId?: string;
}

/** How {@link errorBody} words the failure. */
export interface ErrorBodyOptions {
  /** In place of the error's own. */
  readonly message?: string;
  /** Names the request to those who can look it up in the log. */
  readonly requestId?: string;
}

/** The paths of Anthropic's API, also below `/upstream/MODEL`. */
const ANTHROPIC = /^(?:\/upstream\/.+)?\/(?:v1|v)\/messages(?:\/|$)/;

/** The dialect of a request: of its path or, where that says nothing, of the header that every client of Anthropic's sends. */
export function dialectOf(path: string, headers?: Headers): Dialect {
  return ANTHROPIC.test(path) || typeof headers?.get("anthropic-version") === "string" ? "anthropic" : "openai";
}

/** The error as the JSON value that the dialect's clients expect. */
export function errorBody(
  error: GatewayError,
  dialect: Dialect,
  { message = error.message, requestId }: ErrorBodyOptions = {},
): Record<string, unknown> {
  if (dialect === "anthropic") {
    const body = { type: "error", error: { type: anthropicType(error.status), message } };
    return requestId === undefined ? body : { ...body, request_id: requestId };
  }
  const { type } = ERRORS[error.code];
  return {
    src: "berth",
    error: {
      message,
      type,
      param: error.param ?? null,
      code: wireCode(error.code),
      reason: error.code,
    },
  };
}

/**
 * The error as a response: JSON, or plain text or HTML when Accept asks for it (spec §1.10). `x-berth-error` tells the code
 * of {@link ERRORS} in every shape.
 */
export function errorResponse(
  error: GatewayError,
  { dialect, accept = null, operator = false, requestId }: ErrorResponseOptions,
): Response {
  const headers = new Headers(error.headers.map(([name, value]): [string, string] => [name, value]));
  headers.set("x-content-type-options", "nosniff");
  headers.set("x-berth-error", error.code);
  // The official clients send every 5xx, 408, 409 and 429 again: what an operator cancelled would come right back.
  if (!ERRORS[error.code].retryable) headers.set("x-should-retry", "false");
  if (error.retryAfterS !== undefined) headers.set("retry-after", String(error.retryAfterS));
  if (requestId !== undefined) headers.set("x-request-id", requestId);
  if (error.status === 401) headers.set("www-authenticate", 'Basic realm="berth"');
  const message = operator && error.detail !== undefined ? `${error.message}\n${error.detail}` : error.message;
  switch (shapeOf(error, accept)) {
    case "plain":
      headers.set("content-type", "text/plain");
      return new Response(`berth: ${message}`, { status: error.status, headers });
    case "html":
      headers.set("content-type", "text/html");
      return new Response(htmlPage(error, message), { status: error.status, headers });
    case "json": {
      headers.set("content-type", "application/json");
      const body = errorBody(error, dialect, requestId === undefined ? { message } : { message, requestId });
      return new Response(JSON.stringify(body), { status: error.status, headers });
    }
  }
}

/** Who is told to come again is a program, whatever it accepts. */
function shapeOf(error: GatewayError, accept: string | null): "plain" | "html" | "json" {
  if (error.code === "concurrency_limit") return "json";
  return accept?.includes("text/plain") ? "plain" : accept?.includes("text/html") ? "html" : "json";
}

/** `error.code` as llama-swap has it: by status, with one exception (spec §1.10). */
export function wireCode(code: ErrorCode): string {
  const { status } = ERRORS[code];
  if (code === "concurrency_limit") return code;
  return WIRE_CODES.get(status) ?? (status >= 400 && status < 500 ? "invalid_request" : "internal_error");
}

const WIRE_CODES: ReadonlyMap<number, string> = new Map([
  [400, "bad_request"],
  [401, "unauthorized"],
  [403, "forbidden"],
  [404, "not_found"],
  [409, "conflict"],
  [429, "rate_limit_exceeded"],
  [502, "bad_gateway"],
  [503, "service_unavailable"],
  [504, "gateway_timeout"],
]);

function anthropicType(status: number): string {
  switch (status) {
    case 401:
      return "authentication_error";
    case 403:
      return "permission_error";
    case 404:
      return "not_found_error";
    case 413:
      return "request_too_large";
    case 429:
      return "rate_limit_error";
    case 503:
      return "overloaded_error";
    case 504:
      return "timeout_error";
    default:
      return status < 500 ? "invalid_request_error" : "api_error";
  }
}

function htmlPage(error: GatewayError, message: string): string {
  const head = '<head><meta charset="utf-8"><title>berth</title></head>';
  const title = `berth: ${error.status} ${statusText(error.status)}`;
  return `<!DOCTYPE html><html>${head}<body><h1>${title}</h1><p>${escapeHtml(message)}</p></body></html>`;
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
}

/** 499 is not registered: it is nginx's number for a client that left. */
function statusText(status: number): string {
  return Object.entries(http.STATUS_TEXT).find(([code]) => Number(code) === status)?.[1] ?? "Client Closed Request";
}
