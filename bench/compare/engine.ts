/**
 * A fake inference server for benches: it answers at once and does as little as it can, so that the gateway before it is measured.
 *
 * `deno run --allow-net=127.0.0.1 bench/compare/engine.ts --port N [--load-ms N] [--stop-ms N]`; prints `ready` when it
 * is loaded. What a request wants is said in the header `x-bench`, so that the body need not be parsed:
 *
 * - none: the body is read, a small JSON answer;
 * - `delay=MS`: the same after a pause;
 * - `bytes=N`: the body is counted, and the answer is 500 if it is not N bytes long;
 * - `burst=N`: a stream of N events, as fast as they are taken;
 * - `paced=N&every=MS&phase=MS`: N events, one at each multiple of `every` plus `phase` on this process's clock.
 *
 * @module
 */

/** One server-sent event of a stream, all of the same length, so that bytes tell how many arrived. */
export const EVENT = 'data: {"object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"word "}}]}\n\n';

/** What `GET /bench/idle` tells and then forgets: how this server was kept busy. */
export interface IdleReport {
  /** Microseconds from the end of one answer to the arrival of the next request, in order, of requests that met nobody. */
  readonly gapsUs: readonly number[];
  /** Most requests that were here at one time. */
  readonly mostAtOnce: number;
}

const SMALL_ANSWER = JSON.stringify({
  object: "chat.completion",
  choices: [{ index: 0, message: { role: "assistant", content: "word" }, finish_reason: "stop" }],
});
/** Bytes of the body of every answer that is not a stream; who counts them notices a gateway that makes up its own. */
export const SMALL_ANSWER_BYTES = SMALL_ANSWER.length;

const JSON_HEADERS: [string, string][] = [["content-type", "application/json"]];
const STREAM_HEADERS: [string, string][] = [["content-type", "text/event-stream"]];
const MODELS = JSON.stringify({ object: "list", data: [] });
const event = new TextEncoder().encode(EVENT);

let gapsUs: number[] = [];
let active = 0;
let mostAtOnce = 0;
let lastEnd = Number.NaN;

if (import.meta.main) serve();

function serve(): void {
  const loadMs = flag("--load-ms");
  let loaded = loadMs === 0;
  const tell = () => Deno.stdout.writeSync(new TextEncoder().encode("ready\n"));
  if (!loaded) {
    setTimeout(() => {
      loaded = true;
      tell();
    }, loadMs);
  }
  Deno.addSignalListener("SIGTERM", () => setTimeout(() => Deno.exit(0), flag("--stop-ms")));
  const parent = Deno.ppid;
  setInterval(() => {
    if (Deno.ppid !== parent) Deno.exit(1); // whoever started this is gone: a bench must leave nothing behind
  }, 1000);
  Deno.serve({
    hostname: "127.0.0.1",
    port: flag("--port"),
    onListen: () => {
      if (loaded) tell();
    },
  }, (request) => {
    if (request.method === "POST") return answer(request);
    if (request.url.endsWith("/health")) return new Response(null, { status: loaded ? 200 : 503 });
    if (request.url.endsWith("/bench/idle")) return reportIdle();
    return new Response(MODELS, { headers: JSON_HEADERS });
  });
}

async function answer(request: Request): Promise<Response> {
  if (active === 0 && !Number.isNaN(lastEnd)) gapsUs.push((performance.now() - lastEnd) * 1000);
  mostAtOnce = Math.max(mostAtOnce, ++active);
  try {
    const wish = request.headers.get("x-bench");
    if (wish === null) {
      await request.arrayBuffer();
      return new Response(SMALL_ANSWER, { headers: JSON_HEADERS });
    }
    const wishes = new URLSearchParams(wish);
    const number = (name: string) => Number(wishes.get(name) ?? 0);
    if (wishes.has("bytes")) {
      const same = await countBytes(request) === number("bytes");
      return new Response(SMALL_ANSWER, { status: same ? 200 : 500, headers: JSON_HEADERS });
    }
    await request.arrayBuffer();
    if (wishes.has("burst")) return new Response(burst(number("burst")), { headers: STREAM_HEADERS });
    if (wishes.has("paced")) {
      const schedule = { count: number("paced"), everyMs: number("every"), phaseMs: number("phase") };
      return new Response(paced(schedule), { headers: STREAM_HEADERS });
    }
    await new Promise((resolve) => setTimeout(resolve, number("delay")));
    return new Response(SMALL_ANSWER, { headers: JSON_HEADERS });
  } finally {
    active--;
    lastEnd = performance.now();
  }
}

async function countBytes(request: Request): Promise<number> {
  let bytes = 0;
  for await (const piece of request.body ?? []) bytes += piece.byteLength;
  return bytes;
}

function burst(count: number): ReadableStream<Uint8Array> {
  let left = count;
  return new ReadableStream({
    pull(controller) {
      for (let i = Math.min(left, 64); i > 0; i--) controller.enqueue(event);
      left -= 64;
      if (left <= 0) controller.close();
    },
  });
}

function paced({ count, everyMs, phaseMs }: PacedSchedule): ReadableStream<Uint8Array> {
  const startMs = (Math.floor(performance.now() / everyMs) + 1) * everyMs + phaseMs;
  let sent = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  return new ReadableStream({
    start(controller) {
      const tick = () => {
        for (; sent < count && performance.now() >= startMs + sent * everyMs; sent++) controller.enqueue(event);
        if (sent >= count) controller.close();
        else timer = setTimeout(tick, startMs + sent * everyMs - performance.now());
      };
      timer = setTimeout(tick, startMs - performance.now());
    },
    cancel: () => clearTimeout(timer),
  });
}

interface PacedSchedule {
  readonly count: number;
  readonly everyMs: number;
  readonly phaseMs: number;
}

function reportIdle(): Response {
  const report: IdleReport = { gapsUs, mostAtOnce };
  gapsUs = [];
  mostAtOnce = 0;
  lastEnd = Number.NaN;
  return Response.json(report);
}

function flag(name: string): number {
  const at = Deno.args.indexOf(name);
  return at < 0 ? 0 : Number(Deno.args[at + 1]);
}
