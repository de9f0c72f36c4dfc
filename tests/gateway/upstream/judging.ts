/**
 * What must hold between readings of one response: by the parser in other pieces, and by Node.
 *
 * @module
 */

import { type NodeReading, readWithNode } from "./node_reading.ts";
import { type OwnReading, type Reading, readOwn } from "./reading.ts";
import { cutAt, cuts, malformedOne, type Random, type Response, seeded, wellFormed, wireBytes } from "./responses.ts";

/** Which responses to make. */
export interface Run {
  readonly cases: number;
  readonly seed: number;
}

/**
 * Reads responses in one piece, in two for each place, byte by byte and in random pieces, until there were as many cases;
 * returns how many. Throws with all that is needed to try the first difference again.
 */
export function judgeSplits({ cases, seed }: Run): number {
  const random = seeded(seed);
  let count = 0;
  while (count < cases) {
    const response = random(2) === 0 ? wellFormed(random) : malformedOne(random);
    count += judgeEverySplit(response, random);
  }
  return count;
}

/** Every split of one response; returns how many. */
export function judgeEverySplit(response: Response, random: Random): number {
  const wire = wireBytes(response.wire);
  const whole = readOwn(response, [wire]);
  if (response.promise !== null) judgePromise(response, whole, [0]);
  const splits = [Array.from(wire, (_, at) => at), ...Array.from(wire, (_, at) => [at])];
  for (let more = 0; more < 10; more++) splits.push(cuts(random, wire.length));
  for (const places of splits) {
    const reading = readOwn(response, cutAt(wire, places));
    if (!isSame(whole, reading)) fail("another split, another reading", { response, places, whole, reading });
  }
  return splits.length + 1;
}

/** Reads responses here and in Node, with the same cuts; returns how many both accepted, with the differences found. */
export async function judgeAgainstNode({ cases, seed }: Run): Promise<{ accepted: number; stricter: number }> {
  const random = seeded(seed);
  const batch = Array.from({ length: cases }, (_, index) => {
    const response = index % 3 === 0 ? wellFormed(random) : malformedOne(random);
    const places = cuts(random, response.wire.length);
    const parts = [...places, response.wire.length].map((end, part) => response.wire.slice(places[part - 1] ?? 0, end));
    return { response, places, parts };
  });
  const readings = await readWithNode(batch);
  let accepted = 0;
  let stricter = 0;
  batch.forEach(({ response, places, parts }, index) => {
    const node = readings[index] as NodeReading;
    const own = readOwn(response, parts.map(wireBytes));
    if (response.promise !== null) {
      judgePromise(response, own, places);
      if (!isKnown(response, own, node)) judgePromise(response, node, places);
    }
    if (own.outcome !== "whole") {
      if (node.outcome === "whole") stricter++;
    } else if (isAgreed(own, node) || isKnown(response, own, node)) accepted++;
    else fail("laxer than Node, or another meaning", { response, places, own, node });
  });
  return { accepted, stricter };
}

/** Where we accept and Node does not, or not the same; each with the reason why it stays. */
const KNOWN: readonly ((response: Response, own: OwnReading, node: NodeReading) => boolean)[] = [
  // Whitespace around the ";" and "=" of chunk extensions: a recipient has to bear it (RFC 9112 §7.1.1, "BWS").
  ({ wire }, _own, { error }) => error === "incomplete" && /\r\n[0-9a-f]+(?=[^\r]*[ \t])[ \t]*;[^\r]*\r\n/i.test(wire),
  // A 101 behind the answer is no part of it (RFC 9112 §6.3); Node hands it out in place of the answer.
  (_response, own, node) => own.hasExcess && own.status !== 101 && node.status === 101,
];

function isKnown(response: Response, own: OwnReading, node: NodeReading): boolean {
  return KNOWN.some((difference) => difference(response, own, node));
}

function judgePromise(response: Response, reading: Reading, places: readonly number[]): void {
  const { promise } = response;
  const isKept = reading.outcome === "whole" && reading.status === promise?.status && reading.body === promise.body;
  if (!isKept) fail("a well-formed response was not understood", { response, places, reading });
}

function isSame(a: OwnReading, b: OwnReading): boolean {
  const isBodySame = a.outcome === "refused" ? b.body.startsWith(a.body) : a.body === b.body;
  const [first, second] = [a, b].map((reading) => JSON.stringify({ ...reading, body: "" }));
  return isBodySame && first === second;
}

function isAgreed(own: Reading, node: Reading): boolean {
  const [first, second] = [own, node].map(({ outcome, status, statusText, headers, body }) =>
    JSON.stringify([outcome, status, statusText, headers, body])
  );
  return first === second;
}

function fail(what: string, facts: unknown): never {
  const shown = JSON.stringify(facts, null, 1).replace(
    /[^\n -~]/g, // so that what is printed can be read in again
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  throw new Error(`${what}: ${shown}`);
}
