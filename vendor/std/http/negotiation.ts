/**
 * Stand-in for `accepts` of `jsr:@std/http/negotiation`: which of the offered media types a request prefers.
 *
 * @module
 */

interface Range {
  readonly type: string;
  readonly subtype: string;
  readonly params: ReadonlyMap<string, string>;
  readonly quality: number;
}

interface Rank {
  readonly offer: string;
  readonly quality: number;
  readonly specificity: number;
}

/** The first of `types` that the request's `accept` header likes best, or `undefined` if it refuses them all. */
export function accepts<T extends string = string>(request: Pick<Request, "headers">, ...types: T[]): T | undefined;
export function accepts(request: Pick<Request, "headers">, ...types: string[]): string | undefined {
  const accept = request.headers.get("accept");
  if (!accept) return types[0];
  const ranges = accept.split(",").map(parseRange).filter((range) => range !== undefined);
  const ranks = types.map((offer) => rank(offer, ranges));
  return ranks.filter((entry) => entry.quality > 0)
    .sort((a, b) => b.quality - a.quality || b.specificity - a.specificity)[0]?.offer;
}

function rank(offer: string, ranges: readonly Range[]): Rank {
  const offered = parseRange(offer);
  let best: Rank = { offer, quality: 0, specificity: -1 };
  for (const range of offered ? ranges : []) {
    const specificity = offered ? fit(range, offered) : -1;
    if (specificity < 0) continue;
    const better = best.specificity - specificity || best.quality - range.quality;
    if (better < 0) best = { offer, quality: range.quality, specificity };
  }
  return best;
}

/** How exactly a range names an offer: 4 for the type, 2 for the subtype, 1 for its parameters; -1 if it does not. */
function fit(range: Range, offer: Range): number {
  let specificity = 0;
  if (range.type === offer.type) specificity += 4;
  else if (range.type !== "*") return -1;
  if (range.subtype === offer.subtype) specificity += 2;
  else if (range.subtype !== "*") return -1;
  if (range.params.size === 0) return specificity;
  for (const [name, value] of range.params) {
    if ((offer.params.get(name) ?? "").toLowerCase() !== value.toLowerCase()) return -1;
  }
  return specificity + 1;
}

function parseRange(text: string): Range | undefined {
  const [, type, subtype, rest] = /^\s*([^\s/;]+)\/([^;\s]+)\s*(?:;(.*))?$/.exec(text) ?? [];
  if (!type || !subtype) return undefined;
  const params = new Map<string, string>();
  let quality = 1;
  for (const pair of rest?.split(";") ?? []) {
    const [name = "", quoted = ""] = pair.trim().split("=");
    const value = /^"(.*)"$/.exec(quoted)?.[1] ?? quoted;
    if (name.toLowerCase() === "q" && value) {
      quality = parseFloat(value);
      break;
    }
    params.set(name.toLowerCase(), value);
  }
  return { type: type.toLowerCase(), subtype: subtype.toLowerCase(), params, quality };
}
