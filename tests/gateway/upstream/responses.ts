/**
 * Responses made by chance from a seed: well-formed ones with every framing, and the same with faults put in.
 *
 * @module
 */

/** A number from 0 up to, not including, `below`; the same sequence for the same seed. */
export type Random = (below: number) => number;

/** What a backend sends; strings hold one character per byte. */
export interface Response {
  readonly method: string;
  readonly mayUpgrade: boolean;
  readonly wire: string;
  /** What is in it, or null when nobody promises anything. */
  readonly promise: { readonly status: number; readonly body: string } | null;
}

/** Tommy Ettinger's mulberry32. */
export function seeded(seed: number): Random {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

/** One of `items`. */
export function pick<T>(random: Random, items: readonly [T, ...T[]]): T {
  return items[random(items.length)] ?? items[0];
}

const TOKEN_CHARS = "!#$%&'*+-.^_`|~09AZaz";
const PADS = ["", "", " ", " \t", "\t"] as const;
const REASONS = [" OK", " ", "", " Not Found", " \xc7a va \x80", " a\tb: c"] as const;

/** A response that every reader of HTTP/1.1 has to understand. */
export function wellFormed(random: Random): Response {
  const method = pick(random, ["GET", "POST", "POST", "HEAD"]);
  const mayUpgrade = random(8) === 0;
  const informational = times(random(3) === 0 ? 1 + random(2) : 0, () =>
    pick(random, [
      "HTTP/1.1 100 Continue\r\n\r\n",
      "HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n",
      "HTTP/1.1 102\r\n\r\n",
    ])).join("");
  if (mayUpgrade) {
    const body = bytes(random, 40);
    const head = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
    return { method: "GET", mayUpgrade, wire: informational + head + body, promise: { status: 101, body } };
  }
  const status = pick(random, [200, 200, 200, 201, 204, 206, 301, 304, 404, 500, 503, 599]);
  const isBodiless = method === "HEAD" || status === 204 || status === 304;
  const isHttp11 = random(5) > 0;
  const framing = pick(random, isHttp11 ? ["length", "chunked", "chunked", "close"] : ["length", "close"]);
  const body = bytes(random, pick(random, [0, 1, 20, 120]));
  const fields = times(random(6), () => field(random));
  if (random(3) === 0) fields.push(`Connection:${pick(random, [" close", " keep-alive", " Keep-Alive, x-a"])}`);
  if (framing === "length" && !(isBodiless && random(2) === 0)) fields.push(lengthField(random, body.length, status));
  if (framing === "chunked" && status !== 204) {
    fields.push(pick(random, ["Transfer-Encoding: chunked", "transfer-encoding:  Chunked "]));
  }
  const head = `HTTP/1.${isHttp11 ? 1 : 0} ${status}${pick(random, REASONS)}\r\n` +
    shuffled(random, fields).map((line) => `${line}\r\n`).join("") + "\r\n";
  const sent = isBodiless ? "" : framing === "chunked" ? chunked(random, body) : body;
  return { method, mayUpgrade, wire: informational + head + sent, promise: { status, body: isBodiless ? "" : body } };
}

const FRAGMENTS = [
  ...[
    "\n",
    "\r",
    "\r\n",
    "\r\n\r\n",
    " ",
    "\t",
    "\0",
    ":",
    ";",
    ",",
    "=",
    '"',
    "\\",
    "\x7f",
    "\x80",
    "\x0b",
    "\x01",
    "a",
    "0",
    "f",
  ],
  ...[
    "+",
    "-",
    "_",
    "0x",
    "00000000000000000",
    "ffffffffffffffff",
    "7fffffffffffffff",
    ";a=b",
    " ;a",
    ';a="\\"',
    ";",
    "; b",
  ],
  ...[
    "Content-Length: 3\r\n",
    "content-length: 5, 5\r\n",
    "Content-Length:\r\n",
    "Content-Length: 0\r\n",
    "Content-Length : 3\r\n",
  ],
  ...["Transfer-Encoding: chunked\r\n", "Transfer-Encoding: gzip\r\n", "Transfer-Encoding: gzip, chunked\r\n"],
  ...[
    "Transfer-Encoding: chunked, identity\r\n",
    "Transfer-Encoding:\x0bchunked\r\n",
    "Transfer-Encoding : chunked\r\n",
    "TE: x\r\n",
  ],
  ...["Transfer-Encoding:\r\n", "Transfer-Encoding: xchunked\r\n", "Content_Length: 3\r\n", "Trailer: a\r\n"],
  ...[
    " folded\r\n",
    "\tfolded: a\r\n",
    "a b: c\r\n",
    ": empty\r\n",
    "no colon\r\n",
    "a:b\n",
    "a:b\r",
    "Connection: Upgrade\r\nUpgrade: x\r\n",
  ],
  ...[
    "Connection: close\r\n",
    "Connection: keep-alive\r\n",
    "0\r\n\r\n",
    "1\r\nx\r\n",
    "HTTP/1.1 200 OK\r\n\r\n",
    "HTTP/1.1 101 X\r\n\r\n",
  ],
] as readonly string[] as readonly [string, ...string[]];
const VERSIONS = [
  "HTTP/1.2",
  "HTTP/2.0",
  "HTTP/0.9",
  "http/1.1",
  "HTTP/1.10",
  "HTTP/11",
  "ICY",
  "HTTP/1.0",
  "HTTP/1.1 ",
] as const;

/** A well-formed response with one to three faults in it, most of them near a line's end; some do no harm. */
export function malformedOne(random: Random): Response {
  const { method, mayUpgrade, wire } = wellFormed(random);
  let text = wire;
  for (let left = 1 + random(3); left > 0 && text !== ""; left--) {
    const at = random(3) === 0 ? random(text.length) : nearLineEnd(random, text);
    const [before, after] = [text.slice(0, at), text.slice(at)];
    text = pick(random, [
      () => before + pick(random, FRAGMENTS) + after,
      () => before + pick(random, FRAGMENTS) + after,
      () => before + pick(random, FRAGMENTS) + after.slice(1),
      () => before + String.fromCharCode(random(256)) + after.slice(1),
      () => before + after.slice(1 + random(3)),
      () => before + after.slice(0, random(30)) + after,
      () => before,
      () => text + pick(random, FRAGMENTS),
      () => text.replace("HTTP/1.1", () => pick(random, VERSIONS)),
      () =>
        text.replace(
          / \d\d\d/,
          () => pick(random, [" 99", " 600", " 1000", " 2 0", " -20", " 304", " 204", " 199", "  200"]),
        ),
    ])();
  }
  return { method, mayUpgrade, wire: text, promise: null };
}

/** Places to cut `length` bytes at. */
export function cuts(random: Random, length: number): number[] {
  return times(random(8), () => random(length + 1)).sort((a, b) => a - b);
}

/** `bytes`, cut at the places, which ascend. */
export function cutAt(whole: Uint8Array, places: readonly number[]): Uint8Array[] {
  return [...places, whole.length].map((end, index) => whole.subarray(places[index - 1] ?? 0, end));
}

/** The bytes of a string with one character for each. */
export function wireBytes(text: string): Uint8Array {
  return Uint8Array.from(text, (char) => char.charCodeAt(0));
}

function field(random: Random): string {
  const name = "x-" + times(random(5), () => TOKEN_CHARS[random(TOKEN_CHARS.length)]).join("");
  const value = times(random(4), () => pick(random, ["a", "b c", "\t", "\xa0", "\x80\xff", "1,2", '"q"', ": ;"])).join(
    "z",
  );
  return `${name}:${pick(random, PADS)}${value}${pick(random, PADS)}`;
}

function lengthField(random: Random, length: number, status: number): string {
  const digits = "0".repeat(random(3)) + (status === 204 ? 0 : length);
  const [before, after] = [pick(random, ["", " ", "  "]), pick(random, ["", "", " "])];
  return `${pick(random, ["Content-Length", "content-length"])}:${before}${digits}${after}`;
}

function chunked(random: Random, body: string): string {
  let coded = "";
  for (let at = 0; at < body.length;) {
    const size = Math.min(1 + random(40), body.length - at);
    coded += `${sizeOf(random, size)}\r\n${body.slice(at, at + size)}\r\n`;
    at += size;
  }
  const trailers = times(random(4) === 0 ? 1 + random(2) : 0, () => `${field(random)}\r\n`).join("");
  return `${coded}${sizeOf(random, 0)}\r\n${trailers}\r\n`;
}

function sizeOf(random: Random, size: number): string {
  const digits = "0".repeat(random(4) === 0 ? random(4) : 0) + size.toString(16);
  const extension = random(5) > 0 ? "" : pick(random, [";a", ";a=b", ';a="b;\\" \t"', ";a=b;c=d", ';a="";b']);
  return (random(2) === 0 ? digits.toUpperCase() : digits) + extension;
}

/** Up to `most` bytes, many of which mean something in framing. */
function bytes(random: Random, most: number): string {
  return times(
    most === 0 ? 0 : random(most + 1),
    () => random(3) === 0 ? pick(random, ["\r", "\n", "0", ";", ":"]) : String.fromCharCode(random(256)),
  ).join("");
}

function nearLineEnd(random: Random, text: string): number {
  const ends = [...text.matchAll(/\r\n/g)].map(({ index }) => index);
  const end = ends[random(Math.max(1, ends.length))] ?? 0;
  return Math.min(text.length, end + random(4));
}

function shuffled<T>(random: Random, items: readonly T[]): T[] {
  return items.map((item) => [random(1 << 20), item] as const).sort(([a], [b]) => a - b).map(([, item]) => item);
}

function times<T>(count: number, make: () => T): T[] {
  return Array.from({ length: count }, make);
}
