/**
 * A fake inference server: loads, answers, streams, crashes and refuses to stop on command, and writes down what happens to it.
 *
 * `deno run --allow-net --allow-read --allow-write tests/fakes/engine.ts --port N [flags]`; the flags are in `engine_options.ts`.
 *
 * @module
 */

import { openEventFile } from "./engine_events.ts";
import { parseEngineOptions } from "./engine_options.ts";
import {
  type AnswerFacts,
  type AnswerShape,
  chatShape,
  completionShape,
  embeddingsAnswer,
  messagesShape,
  responsesShape,
} from "./engine_answers.ts";
import { chatToolShape, messagesToolShape, toolAskedFor } from "./engine_tools.ts";
import { answerSurface, answerWebsocket, storeResponse } from "./engine_surface.ts";

const options = parseEngineOptions(Deno.args);
const events = openEventFile(options.events, options.model ?? "");
const encoder = new TextEncoder();
let loaded = false;
let sequence = 0;
let active = 0;

/** One request that runs: its number, its mark, and its one end. */
interface Run {
  readonly facts: AnswerFacts;
  /** Writes `request-end` or `client-left`, whichever comes first, once. */
  end(how: "request-end" | "client-left"): void;
}

events.write("start");
print(`fake engine ${options.model ?? ""} pid ${Deno.pid} starting\n`);
if (options.crashOnStart !== undefined) {
  Deno.stderr.writeSync(encoder.encode("fake engine: cannot allocate 9000 GiB, giving up\n"));
  exit(options.crashOnStart);
}
if (options.accelerator !== undefined) takeAccelerator(options.accelerator);
if (options.spawnGrandchild) spawnGrandchild();
for (const signal of ["SIGTERM", "SIGINT"] as const) Deno.addSignalListener(signal, stop);
if (options.crashAfterMs !== undefined) setTimeout(() => exit(1), options.crashAfterMs);
if (options.heartbeatMs > 0) setInterval(() => events.write("alive"), options.heartbeatMs);
if (!options.bindLate) listen();
if (options.loadMs > 0) setTimeout(becomeReady, options.loadMs);
else becomeReady();

function becomeReady(): void {
  if (options.bindLate) listen();
  loaded = true;
  events.write("ready");
  print("fake engine ready\n");
}

function listen(): void {
  Deno.serve({
    hostname: "127.0.0.1",
    port: options.port,
    onListen: (address) => print(`fake engine listening on 127.0.0.1:${address.port}\n`),
  }, answer);
}

async function answer(request: Request): Promise<Response> {
  const signal = request.signal; // wired on first touch
  const url = new URL(request.url);
  const path = url.pathname.replace(/^(?!\/v1\/)/, "/v1"); // like llama.cpp's server, it answers with and without
  if (url.pathname === options.healthPath) {
    return loaded ? Response.json({ status: "ok" }) : Response.json({ status: "loading" }, { status: 503 });
  }
  if (!loaded) return Response.json({ error: { message: "loading model", code: 503 } }, { status: 503 });
  const isSocket = request.headers.get("upgrade")?.toLowerCase() === "websocket";
  const bytes = isSocket ? new Uint8Array() : await request.bytes();
  const text = new TextDecoder().decode(bytes);
  const body = parseObject(text);
  const run = begin(request, url, body);
  if (isSocket) {
    run.end("request-end");
    return answerWebsocket(request, run.facts);
  }
  const onAbort = () => run.end("client-left");
  signal.addEventListener("abort", onAbort, { once: true });
  if (options.noise > 0) print(`noise of request ${run.facts.sequence}\n`.repeat(options.noise));
  if (options.headerMs > 0) await pause(options.headerMs, signal);
  const failure = failureFor(request);
  if (failure !== null) {
    run.end("request-end");
    return failure;
  }
  const shape = request.method === "POST" ? shapeOf(path, toolAskedFor(body)) : undefined;
  if (shape === responsesShape) storeResponse(shape.whole(run.facts) as Record<string, unknown>, body["input"]);
  if (shape !== undefined && body["stream"] === true) return streamed(shape, run);
  if (shape !== undefined) {
    for (let index = 0; index < options.tokens && !signal.aborted; index++) await generate(index, signal);
  }
  run.end(signal.aborted ? "client-left" : "request-end");
  if (shape !== undefined) {
    return Response.json(shape.whole(run.facts), { headers: facts(run) });
  }
  const other = await answerSurface({ request, url, bytes, body, facts: run.facts });
  if (other !== null) return other;
  if (request.method === "POST" && path === "/v1/embeddings") {
    const input = body["input"];
    return Response.json(embeddingsAnswer(run.facts, Array.isArray(input) ? input.length : 1), { headers: facts(run) });
  }
  const echo = {
    method: request.method,
    path: url.pathname,
    query: url.search,
    headers: Object.fromEntries(request.headers),
    body: text,
    model: run.facts.model,
    sequence: run.facts.sequence,
    pid: Deno.pid,
  };
  return Response.json(echo, { headers: facts(run) });
}

function begin(request: Request, url: URL, body: Record<string, unknown>): Run {
  const number = ++sequence;
  const user = body["user"];
  const tag = request.headers.get("x-tag") ?? (typeof user === "string" ? user : undefined);
  const asked = typeof body["model"] === "string" ? body["model"] : "";
  const detail = { sequence: number, path: url.pathname, ...(tag === undefined ? {} : { tag }) };
  active++;
  events.write("request", { ...detail, active });
  let ended = false;
  return {
    facts: { model: options.model ?? asked, sequence: number, tokens: options.tokens, pid: Deno.pid },
    end(how) {
      if (ended) return;
      ended = true;
      events.write(how, { ...detail, active });
      active--;
    },
  };
}

function streamed(shape: AnswerShape, run: Run): Response {
  const gone = new AbortController();
  let index = -1;
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      if (index < 0) {
        index = 0;
        const head = shape.head(run.facts);
        if (head !== "") return controller.enqueue(encoder.encode(head));
      }
      if (index < options.tokens) {
        await generate(index, gone.signal);
        if (!gone.signal.aborted) controller.enqueue(encoder.encode(shape.token(run.facts, index++)));
        return;
      }
      controller.enqueue(encoder.encode(shape.tail(run.facts)));
      run.end("request-end");
      controller.close();
    },
    cancel() {
      gone.abort();
      run.end("client-left");
    },
  }, { highWaterMark: 0 });
  return new Response(body, { headers: { "content-type": "text/event-stream", ...facts(run) } });
}

async function generate(index: number, signal: AbortSignal): Promise<void> {
  const breaks = options.crashMidStream && index >= options.tokens / 2;
  if (options.tokenMs > 0 || breaks) await pause(Math.max(options.tokenMs, breaks ? 20 : 0), signal);
  if (breaks && !signal.aborted) exit(1);
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const wake = () => {
    clearTimeout(timer);
    signal.removeEventListener("abort", wake);
    resolve();
  };
  const timer = setTimeout(wake, ms);
  if (signal.aborted) wake();
  else signal.addEventListener("abort", wake);
  return promise;
}

function facts(run: Run): Record<string, string> {
  return { "x-fake-sequence": String(run.facts.sequence), "x-fake-pid": String(Deno.pid) };
}

/** How often each tag has failed already. */
const failures = new Map<string, number>();

/** `x-fake-fail: STATUS TIMES TAG`: fails that often for that tag, with a Retry-After of 0 seconds. */
function failureFor(request: Request): Response | null {
  const [status, times, tag = ""] = request.headers.get("x-fake-fail")?.split(" ") ?? [];
  if (status === undefined) return null;
  const failed = failures.get(tag) ?? 0;
  if (failed >= Number(times)) return null;
  failures.set(tag, failed + 1);
  const error = { message: `fake failure ${failed + 1}`, type: "server_error", code: "fake" };
  return Response.json({ error }, { status: Number(status), headers: { "retry-after": "0" } });
}

function shapeOf(path: string, tool: string | undefined): AnswerShape | undefined {
  switch (path) {
    case "/v1/chat/completions":
      return tool === undefined ? chatShape : chatToolShape(tool);
    case "/v1/completions":
      return completionShape;
    case "/v1/messages":
      return tool === undefined ? messagesShape : messagesToolShape(tool);
    case "/v1/responses":
      return responsesShape;
    default:
      return undefined;
  }
}

function parseObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value as Record<string, unknown> : {};
  } catch {
    return {};
  }
}

function takeAccelerator(path: string): void {
  const file = Deno.openSync(path, { read: true, write: true, create: true });
  if (!file.tryLockSync(true)) events.write("overlap");
}

function spawnGrandchild(): void {
  const child = new Deno.Command("sh", {
    args: ["-c", "trap '' TERM; n=0; while [ $n -lt 60 ]; do sleep 1; n=$((n+1)); done"],
    stdin: "null",
  }).spawn();
  child.unref();
  print(`fake engine grandchild ${child.pid}\n`);
}

function stop(): void {
  events.write("term");
  if (options.ignoreSigterm) return;
  if (options.stopMs > 0) setTimeout(() => exit(0), options.stopMs);
  else exit(0);
}

function exit(code: number): never {
  events.write("exit", { code });
  Deno.exit(code);
}

function print(text: string): void {
  const bytes = encoder.encode(text);
  try {
    for (let at = 0; at < bytes.length;) at += Deno.stdout.writeSync(bytes.subarray(at));
  } catch {
    // Whoever read our output is gone; an engine goes on all the same.
  }
}
