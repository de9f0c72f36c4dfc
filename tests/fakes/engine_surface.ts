/**
 * What the fake engine answers besides generating text: files, images, speech, stored responses, tokens, websockets.
 *
 * @module
 */

import type { AnswerFacts } from "./engine_answers.ts";

/** A request as the engine has read it. */
export interface SurfaceRequest {
  readonly request: Request;
  readonly url: URL;
  /** The body's bytes. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The body, where it is a JSON object; empty otherwise. */
  readonly body: Readonly<Record<string, unknown>>;
  readonly facts: AnswerFacts;
}

/** An answer of one of these surfaces; null when the path belongs to none. */
export async function answerSurface(asked: SurfaceRequest): Promise<Response | null> {
  const { request, url, body, facts } = asked;
  switch (`${request.method} ${url.pathname}`) {
    case "POST /v1/audio/transcriptions":
    case "POST /v1/audio/translations":
      return await transcribe(asked);
    case "POST /v1/images/edits":
    case "POST /v1/images/variations":
      return Response.json({ created: 0, data: [{ b64_json: btoa(JSON.stringify(await readForm(asked))) }] });
    case "POST /v1/images/generations":
      return Response.json({ created: 0, data: [{ b64_json: btoa(`image of ${body["prompt"]} by ${facts.model}`) }] });
    case "POST /v1/audio/speech":
      return new Response(`sound of ${body["input"]}`, { headers: { "content-type": "audio/mpeg" } });
    case "POST /v1/messages/count_tokens":
      return Response.json({ input_tokens: JSON.stringify(body["messages"]).length });
    case "POST /v1/moderations":
      return Response.json({ id: "modr_fake", model: facts.model, results: [{ flagged: false }] });
    case "POST /tokenize":
      return Response.json({ tokens: [...String(body["content"])].map((char) => char.codePointAt(0)) });
    case "POST /v1/rerank":
    case "POST /rerank":
      return Response.json({ model: facts.model, results: [{ index: 0, relevance_score: 1 }] });
    default:
      return storedResponse(asked);
  }
}

/** Turns the request into a websocket that says every message back, and its own facts at the word `facts`. */
export function answerWebsocket(request: Request, facts: AnswerFacts): Response {
  const offered = request.headers.get("sec-websocket-protocol")?.split(",")[0]?.trim();
  const { socket, response } = Deno.upgradeWebSocket(request, offered === undefined ? {} : { protocol: offered });
  socket.binaryType = "arraybuffer";
  socket.onmessage = ({ data }) => {
    if (data === "facts") return socket.send(JSON.stringify({ ...facts, url: request.url }));
    const close = typeof data === "string" ? /^close (\d+) (.*)$/.exec(data) : null;
    if (close !== null) return socket.close(Number(close[1]), close[2]);
    socket.send(data);
  };
  return response;
}

async function transcribe(asked: SurfaceRequest): Promise<Response> {
  const form = await readForm(asked);
  return Response.json({ text: `${form.files.map(({ name, bytes }) => `${name} of ${bytes} bytes`)}`, ...form });
}

interface ReadForm {
  readonly fields: Readonly<Record<string, readonly string[]>>;
  readonly files: readonly {
    readonly field: string;
    readonly name: string;
    readonly type: string;
    readonly bytes: number;
    readonly sha256: string;
  }[];
}

async function readForm({ request, bytes }: SurfaceRequest): Promise<ReadForm> {
  const type = request.headers.get("content-type") ?? "";
  const form = await new Response(bytes, { headers: { "content-type": type } }).formData();
  const fields: Record<string, string[]> = {};
  const files: ReadForm["files"][number][] = [];
  for (const [field, value] of form) {
    if (typeof value === "string") (fields[field] ??= []).push(value);
    else {
      const content = await value.arrayBuffer();
      const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", content));
      files.push({ field, name: value.name, type: value.type, bytes: content.byteLength, sha256: digest.toHex() });
    }
  }
  return { fields, files };
}

/** Responses by id, with what they were asked. */
const stored = new Map<string, { readonly answer: Record<string, unknown>; readonly input: unknown }>();

/** Keeps a response, so that it can be asked for. */
export function storeResponse(answer: Record<string, unknown>, input: unknown): void {
  stored.set(String(answer["id"]), { answer, input });
}

function storedResponse({ request, url, facts }: SurfaceRequest): Response | null {
  const [, id, action] = /^(?:\/v1)?\/responses\/([^/]+)(?:\/(cancel|input_items))?$/.exec(url.pathname) ?? [];
  if (id === undefined || id === "input_tokens" || id === "compact") return null;
  const found = stored.get(id);
  if (found === undefined) {
    return Response.json({ error: { message: `No response ${id} at ${facts.model}`, code: 404 } }, { status: 404 });
  }
  if (request.method === "DELETE") {
    stored.delete(id);
    return Response.json({ id, object: "response", deleted: true });
  }
  if (action === "cancel") return Response.json({ ...found.answer, status: "cancelled" });
  if (action === "input_items") {
    return Response.json({ object: "list", data: [{ type: "message", role: "user", content: found.input }] });
  }
  return Response.json(found.answer);
}
