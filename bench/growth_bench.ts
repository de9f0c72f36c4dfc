/**
 * Whether a request costs the millionth time what it cost the first: time, memory, descriptors and listeners.
 *
 * Run: `deno run -P=bench bench/growth_bench.ts [REQUESTS]`, 1,000,000 requests unless given: some minutes. A gateway
 * process with one real backend is asked over kept-alive raw sockets; at each checkpoint it tells CPU per request since
 * the one before, heap after a collection, resident set, open descriptors, and abort listeners that were not removed.
 * Then the same with 2 and 500 configured models, and with 10, 10,000 and 100,000 requests standing in the queue behind
 * the one that is served. Each verdict is the last figure over the first: flat is about 1.
 *
 * @module
 */

import { type Figures, REQUEST_BODY } from "./growth_gateway.ts";

const CHECKPOINTS = [10_000, 50_000, 100_000, 250_000, 500_000, 750_000];
const CONNECTIONS = 4;
const WARM_UP = 10_000;
const COMPARED = 20_000;
const ROUNDS = 3;
const STANDING = [10, 10_000, 100_000];

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const REQUEST = encoder.encode(
  `POST /v1/chat/completions HTTP/1.1\r\nhost: gateway\r\ncontent-type: application/json\r\n` +
    `content-length: ${REQUEST_BODY.length}\r\n\r\n${REQUEST_BODY}`,
);

/** A gateway process, with its measuring points. */
class Gateway implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #port: number;

  constructor(child: Deno.ChildProcess, port: number) {
    this.#child = child;
    this.#port = port;
  }

  static async start(models: number): Promise<Gateway> {
    const file = new URL("growth_gateway.ts", import.meta.url).pathname;
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-P=bench", "--v8-flags=--expose-gc", file, "gateway", String(models)],
      stdout: "piped",
      stderr: "null",
    }).spawn();
    const reader = child.stdout.getReader();
    const { value } = await reader.read();
    return new Gateway(child, Number(decoder.decode(value)));
  }

  async #get<T>(path: string): Promise<T> {
    return await (await fetch(`http://127.0.0.1:${this.#port}${path}`)).json();
  }

  figures(): Promise<Figures> {
    return this.#get("/bench/figures");
  }

  standingUs(requests: number): Promise<number> {
    return this.#get(`/bench/standing?n=${requests}`);
  }

  /** Open file descriptors, as the system counts them. */
  async descriptors(): Promise<number> {
    const { stdout } = await new Deno.Command("ls", { args: [`/proc/${this.#child.pid}/fd`] }).output();
    return decoder.decode(stdout).trim().split("\n").length;
  }

  /** Asks so often, over some connections at once. */
  async ask(requests: number): Promise<void> {
    let left = requests;
    await Promise.all(Array.from({ length: CONNECTIONS }, async () => {
      using connection = await Deno.connect({ hostname: "127.0.0.1", port: this.#port });
      const buffer = new Uint8Array(16_384);
      while (left-- > 0) await exchange(connection, buffer);
    }));
  }

  /** CPU microseconds per request over so many. */
  async costUs(requests: number): Promise<number> {
    const before = await this.figures();
    await this.ask(requests);
    return ((await this.figures()).cpuUs - before.cpuUs) / requests;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGTERM");
    await this.#child.stdout.cancel().catch(() => {});
    await this.#child.status;
  }
}

/** One request and its whole answer. */
async function exchange(connection: Deno.Conn, buffer: Uint8Array): Promise<void> {
  for (let sent = 0; sent < REQUEST.length;) sent += await connection.write(REQUEST.subarray(sent));
  let text = "";
  while (!isWhole(text)) {
    const read = await connection.read(buffer);
    if (read === null) throw new Error(`The gateway closed the connection after: ${text}`);
    text += decoder.decode(buffer.subarray(0, read));
  }
  if (!text.startsWith("HTTP/1.1 200")) throw new Error(`The gateway refused: ${text}`);
}

function isWhole(text: string): boolean {
  const end = text.indexOf("\r\n\r\n");
  if (end < 0) return false;
  const length = /\r\ncontent-length: (\d+)/i.exec(text)?.[1];
  return length === undefined ? text.endsWith("\r\n0\r\n\r\n") : text.length >= end + 4 + Number(length);
}

/** Asks `total` times and says what it costs on the way. */
async function sayGrowth(total: number): Promise<void> {
  await using gateway = await Gateway.start(2);
  await gateway.ask(WARM_UP);
  let before = await gateway.figures();
  let asked = 0;
  const first: { costUs?: number; heapUsed?: number; rss?: number; open?: number; listeners?: number } = {};
  for (const checkpoint of [...CHECKPOINTS.filter((one) => one < total), total]) {
    await gateway.ask(checkpoint - asked);
    const now = await gateway.figures();
    const open = await gateway.descriptors();
    const { heapUsed, rss, listeners } = now;
    const costUs = (now.cpuUs - before.cpuUs) / (checkpoint - asked);
    say(
      `${checkpoint} requests: ${costUs.toFixed(1)} µs CPU each, heap ${megabytes(heapUsed)}, ` +
        `resident ${megabytes(rss)}, ${open} descriptors, ${listeners} listeners`,
    );
    if (first.costUs === undefined) Object.assign(first, { costUs, heapUsed, rss, open, listeners });
    [before, asked] = [now, checkpoint];
    if (checkpoint < total) continue;
    const { costUs: cost0 = 0, heapUsed: heap0 = 0, rss: rss0 = 0, open: open0 = 0, listeners: listeners0 = 0 } = first;
    say(
      `last over first: CPU ${ratio(costUs, cost0)}, heap ${ratio(heapUsed, heap0)}, resident ${ratio(rss, rss0)}, ` +
        `descriptors ${open - open0 >= 0 ? "+" : ""}${open - open0}, listeners +${listeners - listeners0}`,
    );
  }
}

/** The same requests with few and many configured models, in turns; the best of each. */
async function sayModels(few: number, many: number): Promise<void> {
  await using small = await Gateway.start(few);
  await using large = await Gateway.start(many);
  const best = [Infinity, Infinity];
  for (const gateway of [small, large]) await gateway.ask(WARM_UP);
  for (let round = 0; round < ROUNDS; round++) {
    for (const [index, gateway] of [small, large].entries()) {
      best[index] = Math.min(best[index] ?? Infinity, await gateway.costUs(COMPARED));
    }
  }
  const [first = 0, last = 0] = best;
  say(`${few} models: ${first.toFixed(1)} µs, ${many} models: ${last.toFixed(1)} µs, ${ratio(last, first)}`);
}

/** A request's cost inside the gateway while others stand in the queue behind it. */
async function sayStanding(): Promise<void> {
  await using gateway = await Gateway.start(2);
  await gateway.ask(WARM_UP);
  const costs: number[] = [];
  for (const standing of STANDING) {
    costs.push(await gateway.standingUs(standing));
    say(`${standing} standing behind: ${costs.at(-1)?.toFixed(1)} µs CPU each, without a socket of the caller's`);
  }
  say(`last over first: ${ratio(costs.at(-1) ?? 0, costs[0] ?? 0)}`);
}

function ratio(last: number, first: number): string {
  return `× ${(last / first).toFixed(2)}`;
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

function say(line: string): void {
  Deno.stdout.writeSync(encoder.encode(`${line}\n`));
}

if (import.meta.main) {
  await sayModels(2, 500);
  await sayStanding();
  await sayGrowth(Number(Deno.args[0] ?? 1_000_000));
}
