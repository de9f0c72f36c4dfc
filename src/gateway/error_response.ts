/**
 * A failure in the shape of the protocol that the client speaks.
 *
 * @module
 */

import { STATUS_TEXT } from "@std/http/status";
import { ERRORS, type GatewayError } from "../errors.ts";

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

/** The dialect of a path. */
export function dialectOf(path: string): Dialect {
  return /^\/(v1|v)\/messages(\/count_tokens)?\/?$/.test(path) ? "anthropic" : "openai";
}

/** The error as the JSON value that the dialect's clients expect. */
export function errorBody(error: GatewayError, dialect: Dialect, message = error.message): Record<string, unknown> {
  if (dialect === "anthropic") return { type: "error", error: { type: anthropicType(error.status), message } };
  return {
    src: "berth",
    error: { message, type: ERRORS[error.code].type, param: error.param ?? null, code: error.code },
  };
}

/** The error as a response: JSON, or plain text or HTML when Accept asks for it. */
export function errorResponse(
  error: GatewayError,
  { dialect, accept = null, operator = false, requestId }: ErrorResponseOptions,
): Response {
  const headers = new Headers();
  if (error.retryAfterS !== undefined) headers.set("retry-after", String(error.retryAfterS));
  if (requestId !== undefined) headers.set("x-request-id", requestId);
  const message = operator && error.detail !== undefined ? `${error.message}\n${error.detail}` : error.message;
  const [type, body] = accept?.includes("text/plain")
    ? ["text/plain", `berth: ${message}`]
    : accept?.includes("text/html")
    ? [
      "text/html",
      `<!DOCTYPE html><html><body><h1>berth: ${error.status} ${statusText(error.status)}</h1><p>${
        escapeHtml(message)
      }</p></body></html>`,
    ]
    : ["application/json", JSON.stringify(errorBody(error, dialect, message))];
  headers.set("content-type", type);
  return new Response(body, { status: error.status, headers });
}

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
    default:
      return status < 500 ? "invalid_request_error" : "api_error";
  }
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
}

/** 499 is not registered: it is nginx's number for a client that left. */
function statusText(status: number): string {
  return Object.entries(STATUS_TEXT).find(([code]) => Number(code) === status)?.[1] ?? "Client Closed Request";
}
