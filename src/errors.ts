/**
 * The error taxonomy: every failure that a client can meet has one code, and this table says what the code means.
 *
 * @module
 */

/** Whose fault a failure is: it decides the wording and who has to act. */
export type Fault = "client" | "operator" | "backend" | "gateway";

/** What a code means on the wire. */
export interface ErrorRow {
  /** HTTP status of the answer. */
  readonly status: number;
  /** Whose fault it is. */
  readonly fault: Fault;
  /** `error.type` of the OpenAI-shaped body, as llama-swap has it. */
  readonly type: "invalid_request_error" | "authentication_error" | "rate_limit_error" | "server_error";
  /** Whether the same request may be sent again later without changing it. */
  readonly retryable: boolean;
  /** Whether the backend may have seen the request. */
  readonly upstreamMayHaveSeen: boolean;
}

/** Every code with its meaning. Statuses are Berth's own; `docs/compatibility.md` lists where llama-swap differs. */
export const ERRORS = {
  bad_request: row(400, "client", "invalid_request_error", false, false),
  unauthorized: row(401, "client", "authentication_error", false, false),
  forbidden: row(403, "client", "authentication_error", false, false),
  unknown_model: row(404, "client", "invalid_request_error", false, false),
  not_found: row(404, "client", "invalid_request_error", false, false),
  method_not_allowed: row(405, "client", "invalid_request_error", false, false),
  body_timeout: row(408, "client", "invalid_request_error", true, false),
  conflict: row(409, "client", "invalid_request_error", true, false),
  body_too_large: row(413, "client", "invalid_request_error", false, false),
  upgrade_required: row(426, "client", "invalid_request_error", false, false),
  queue_full: row(429, "client", "rate_limit_error", true, false),
  concurrency_limit: row(429, "client", "rate_limit_error", true, false),
  too_many_requests: row(429, "client", "rate_limit_error", true, false),
  client_closed: row(499, "client", "invalid_request_error", false, true),
  internal: row(500, "gateway", "server_error", false, true),
  backend_unreachable: row(502, "backend", "server_error", true, false),
  backend_lost: row(502, "backend", "server_error", true, true),
  start_failed: row(502, "operator", "server_error", false, false),
  model_unloaded: row(503, "operator", "server_error", true, false),
  model_stopped: row(503, "operator", "server_error", false, true),
  queue_timeout: row(503, "operator", "server_error", true, false),
  cancelled: row(503, "operator", "server_error", false, true),
  too_busy: row(503, "operator", "server_error", true, false),
  shutting_down: row(503, "operator", "server_error", true, true),
  memory_not_free: row(503, "operator", "server_error", true, false),
  stop_failed: row(503, "backend", "server_error", true, false),
  start_timeout: row(504, "operator", "server_error", true, false),
  header_timeout: row(504, "backend", "server_error", true, true),
  loop: row(508, "operator", "server_error", false, false),
} as const satisfies Record<string, ErrorRow>;

/** One of the codes of {@link ERRORS}. */
export type ErrorCode = keyof typeof ERRORS;

/** All of them. */
export const ERROR_CODES = Object.keys(ERRORS) as readonly ErrorCode[];

/** What a {@link GatewayError} may carry besides its code and message. */
export interface GatewayErrorOptions extends ErrorOptions {
  /** Whole seconds after which trying again is worthwhile; becomes `Retry-After`. */
  readonly retryAfterS?: number;
  /** Facts for the operator alone (exit code, last lines of the engine): logged, never sent to a client without that right. */
  readonly detail?: string;
  /** The field of the request that is wrong; becomes `error.param`. */
  readonly param?: string;
  /** Headers of its answer besides those that follow from the rest; names in lower case. */
  readonly headers?: readonly (readonly [string, string])[];
}

/**
 * A failure with a code. `message` is fit for any client: it holds no command line, pid, path or address.
 */
export class GatewayError extends Error {
  override readonly name = "GatewayError";
  /** Which row of {@link ERRORS} this is. */
  readonly code: ErrorCode;
  /** Whole seconds after which trying again is worthwhile. */
  readonly retryAfterS: number | undefined;
  /** Facts for the operator alone. */
  readonly detail: string | undefined;
  /** The field of the request that is wrong. */
  readonly param: string | undefined;
  /** Headers of its answer. */
  readonly headers: readonly (readonly [string, string])[];

  /** Makes the error; see {@link GatewayErrorOptions} for what it may carry. */
  constructor(code: ErrorCode, message: string, options: GatewayErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.retryAfterS = options.retryAfterS;
    this.detail = options.detail;
    this.param = options.param;
    this.headers = options.headers ?? [];
  }

  /** HTTP status of this error's code. */
  get status(): number {
    return ERRORS[this.code].status;
  }
}

/** The client has left before anything was answered. */
export function clientLeft(): GatewayError {
  return new GatewayError("client_closed", "The client left before the answer");
}

/** The same failure with more said of it: one that many requests share is told to each in its own way. */
export function withMore(
  error: GatewayError,
  more: Pick<GatewayErrorOptions, "retryAfterS" | "headers">,
): GatewayError {
  const { code, message, retryAfterS, detail, param, headers, cause } = error;
  return new GatewayError(code, message, {
    ...(retryAfterS === undefined ? {} : { retryAfterS }),
    ...(detail === undefined ? {} : { detail }),
    ...(param === undefined ? {} : { param }),
    ...(cause === undefined ? {} : { cause }),
    headers,
    ...more,
  });
}

/** Whether an operator has asked for it by name, so that nobody has to look into it. */
export function isOperatorsWish({ code }: GatewayError): boolean {
  return code === "cancelled" || code === "model_stopped" || code === "model_unloaded";
}

/** How much of what a client wrote a message repeats, in characters. */
const MOST_REPEATED = 200;

/** `text`, cut with an ellipsis where it is longer than others need to see. */
export function shorten(text: string, most: number = MOST_REPEATED): string {
  return text.length > most ? `${text.slice(0, most)}…` : text;
}

/** For the log: with what the operator alone may know, and with what lay at the bottom, such as how an answer was malformed. */
export function describeError(error: GatewayError): string {
  const cause = error.cause instanceof Error && error.code !== "internal" ? ` (${error.cause.message})` : "";
  const detail = error.detail === undefined ? "" : `\n${error.detail}`;
  return `${error.code}: ${error.message}${cause}${detail}`;
}

/** Turns anything that was thrown into a {@link GatewayError}, keeping it as the cause of an `internal` one. */
export function toGatewayError(thrown: unknown): GatewayError {
  if (thrown instanceof GatewayError) return thrown;
  return new GatewayError("internal", "The gateway failed while it handled this request", {
    cause: thrown,
    detail: thrown instanceof Error ? thrown.stack ?? thrown.message : String(thrown),
  });
}

function row(
  status: number,
  fault: Fault,
  type: ErrorRow["type"],
  retryable: boolean,
  upstreamMayHaveSeen: boolean,
): ErrorRow {
  return { status, fault, type, retryable, upstreamMayHaveSeen };
}
