/**
 * The reference of the HTTP API in Markdown, made of the tables of routes.
 *
 * @module
 */

import { ERROR_CODES, type ErrorCode, ERRORS } from "../errors.ts";
import { QUERY_KEY } from "../gateway/auth.ts";
import { wireCode } from "../gateway/error_response.ts";
import { INFERENCE_ROUTES, type InferenceRoute } from "./inference_table.ts";
import { type Operation, OPERATIONS, type QueryParameter } from "./operations.ts";
import { PASSED_ROUTES } from "./pass_through_table.ts";

/** The text of `docs/api.md`. */
export function apiReference(): string {
  return `# HTTP API

Made of the tables of routes by \`deno task docs\`; a running gateway shows the same as OpenAPI 3.1 at \`/openapi.json\`.

## Models

These routes lead to the backend of the model that a request names. **body**: \`model\` in the JSON object or the form, or
in the query where the body names none. **query**: \`?model=\`; a stored response is remembered with its model as long as
the gateway runs. A name is a model's id, an alias, a selector, a pin of the profile in force, or a peer's model. The
backend sees the same path, without the part in front where one is given. With keys, the scope is \`inference\`.

${table(["Route", "Model in", "What it is for", "Not seen by the backend"], INFERENCE_ROUTES.map(modelRow))}

## Passed through

Whatever the method: the rest of the path, the query and the body go on as they came.

${table(["Route", "What it is for"], PASSED_ROUTES.map(({ path, summary }) => [code(path), summary]))}

## The gateway's own

**Scope** is what a key must be good for; "none" asks for no key. HEAD is answered wherever GET is, OPTIONS everywhere.

${table(["Route", "Scope", "What it is for", "Query"], OPERATIONS.map(ownRow))}

**Query** also takes the key where \`${QUERY_KEY}\` stands, for clients that send no headers, as a page's \`EventSource\`.

\`/api/events\` begins with \`logData\` (the history of the gateway's own log, then that of the backends), \`modelStatus\`,
\`uiConfig\`, \`profileChanged\` and a snapshot \`inflight\`, and goes on with what changes: an \`inflight\` is an \`upsert\`
or a \`remove\` of one request, which also tells its place in the line.

## Keys

With \`apiKeys\` in the config a request carries one of them as \`Authorization: Bearer KEY\`, as \`x-api-key: KEY\` or as the
password of \`Authorization: Basic\`, whose user means nothing. One right key is enough. Without any it is 401; a key that
is not good for a route or a model is 403.

## Errors

Every error has the shape of the protocol that its client speaks: OpenAI's \`{"src", "error": {"message", "type", "param",
"code", "reason"}}\`, or Anthropic's for \`/v1/messages\` and clients that send \`anthropic-version\`; plain text or HTML
where \`Accept\` asks for it. \`type\` and \`code\` are llama-swap's; \`reason\` and the header \`x-berth-error\` are finer.
\`x-request-id\` names the request in logs, in \`/api/inflight\` and in \`/api/queue\`. In a stream that has begun, an error
is an event of the stream's own dialect.

**Again**: whether the same request may succeed later; all others say \`x-should-retry: false\`, which the official clients
heed. 429, and 503 where trying again is worthwhile, carry \`Retry-After\`.

${table(["Reason", "Status", "Type", "Code", "Again"], ERROR_CODES.map(errorRow))}
`;
}

function errorRow(reason: ErrorCode): readonly string[] {
  const { status, type, retryable } = ERRORS[reason];
  return [code(reason), String(status), code(type), code(wireCode(reason)), retryable ? "yes" : "no"];
}

function modelRow({ method, path, modelIn, summary, prefix }: InferenceRoute): readonly string[] {
  return [code(`${method} ${path}`), modelIn, summary, prefix === "" ? "" : code(prefix)];
}

function ownRow({ method, path, scope, summary, query = [], takesQueryKey = false }: Operation): readonly string[] {
  return [code(`${method} ${path}`), scope ?? "none", summary, namesOf(query, takesQueryKey).join(", ")];
}

function namesOf(query: readonly QueryParameter[], takesKey: boolean): readonly string[] {
  return [...query.map(({ name }) => name), ...(takesKey ? [QUERY_KEY] : [])].map(code);
}

function code(text: string): string {
  return `\`${text}\``;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}
