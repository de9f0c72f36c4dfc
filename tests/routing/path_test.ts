import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import fc from "fast-check";
import { findLongestName, type PathMatch } from "../../src/routing/path_walk.ts";
import { models } from "../config/loading.ts";
import { Naming, refusalOf } from "./naming.ts";

const MODELS = models(["author", "aliases: [short, org/short]"], "author/model", "m1", "ünï cöde");
const PEERS = `peers:
  p: {proxy: 'http://p', models: [far, org/far, shared]}
  q: {proxy: 'http://q', models: [shared]}
`;

Deno.test("SV5: the longest name of whole segments wins; the rest defaults to a slash", () => {
  const naming = new Naming(MODELS);
  assertEquals(naming.wherePath("/author/model/v1/chat"), ["author/model", "/v1/chat"]);
  assertEquals(naming.wherePath("/author/models/v1"), ["author", "/models/v1"]);
  assertEquals(naming.wherePath("/author/model"), ["author/model", "/"]);
  assertEquals(naming.wherePath("/author/"), ["author", "/"]);
  assertEquals(naming.wherePath("author"), ["author", "/"]);
  for (const path of ["", "/", "///", "/missing/v1", "/autho", "/authors", "/model"]) {
    assertEquals(naming.wherePath(path), null, path);
  }
});

Deno.test("SV6: slashes before the name are skipped, those after it are kept", () => {
  const naming = new Naming(MODELS);
  assertEquals(naming.wherePath("///m1//a//"), ["m1", "//a//"]);
  assertEquals(naming.wherePath("/author//model"), ["author", "//model"]);
});

Deno.test("SV12: the escapes of the rest are kept, whatever those of the name were", () => {
  const naming = new Naming(MODELS);
  for (const name of ["author/model", "author%2Fmodel", "author%2fmodel", "%61uthor/mod%65l"]) {
    assertEquals(naming.wherePath(`/${name}/a%2Fb/%252F/%C3%A9`), ["author/model", "/a%2Fb/%252F/%C3%A9"], name);
  }
  assertEquals(naming.wherePath("/%C3%BCn%C3%AF%20c%C3%B6de/x"), ["ünï cöde", "/x"]);
});

Deno.test("SW16: a slash in percent-encoding ends no segment, and a broken escape belongs to the rest", () => {
  const naming = new Naming(MODELS);
  assertEquals(naming.wherePath("/m1%2Fx/y"), null);
  assertEquals(naming.wherePath("/author/model%2Fx"), ["author", "/model%2Fx"]);
  assertEquals(naming.wherePath("/m1/%zz/%"), ["m1", "/%zz/%"]);
  assertEquals(naming.wherePath("/%zz/m1"), null);
  // Decoded once, not until nothing is left.
  assertEquals(naming.wherePath("/author%252Fmodel"), null);
});

Deno.test("SW14: ids, aliases and peers' models are found, and shown as elsewhere", () => {
  const naming = new Naming(MODELS + PEERS);
  const rows = [
    ["/short/x", "author", "short", "author"],
    ["/org/short/x", "author", "org/short", "author"],
    ["/p/far/x", "p/far", "p/far", "p/far"],
    ["/far/x", "p/far", "far", "far"],
  ] as const;
  for (const [path, where, requested, shown] of rows) {
    assertEquals(naming.wherePath(path), [where, "/x"]);
    const resolution = naming.names.resolvePath(naming.config, path)?.resolution;
    assertEquals([resolution?.requested, resolution?.shownModel, resolution?.selector], [requested, shown, null]);
  }
  assertEquals(naming.wherePath("/nobody/x"), null);
});

Deno.test("SW15: peers by full name, also with slashes, and by a bare name that only one offers", () => {
  const naming = new Naming(MODELS + PEERS);
  assertEquals(naming.wherePath("/p/org/far/v1"), ["p/org/far", "/v1"]);
  assertEquals(naming.wherePath("/org/far/v1"), ["p/org/far", "/v1"]);
  assertEquals(naming.wherePath("/q/shared/v1"), ["q/shared", "/v1"]);
  assertEquals(naming.wherePath("/shared/v1"), null);
  assertEquals(naming.wherePath("/p/v1"), null);
});

const PINS = `profiles:
  day: {pins: {x: author, x/y: m1, off: '', author: p/far, off/on: m1, pick: s}}
selectors: {s: {strategy: pin, targets: [m1]}}
`;

Deno.test("SV95: a pin leads elsewhere", () => {
  const naming = new Naming(MODELS + PEERS + PINS);
  assertEquals(naming.wherePath("/x/v1"), null);
  naming.activate("day");
  assertEquals(naming.wherePath("/x/v1"), ["author", "/v1"]);
  assertEquals(naming.wherePath("/x"), ["author", "/"]);
  // What it leads to is a whole name: what follows the pin does not make another of it.
  assertEquals(naming.wherePath("/x/model/v1"), ["author", "/model/v1"]);
});

Deno.test("SV96: the longest pin wins, one that is switched off is unknown, what is not pinned is untouched", () => {
  const naming = new Naming(MODELS + PEERS + PINS);
  naming.activate("day");
  assertEquals(naming.wherePath("/x/y/v1"), ["m1", "/v1"]);
  assertEquals(naming.wherePath("/x%2Fy/v1"), ["m1", "/v1"]);
  assertEquals(naming.wherePath("/xy/v1"), null);
  assertEquals(naming.wherePath("/off/on/v1"), ["m1", "/v1"]);
  const message = refusalOf(() => naming.wherePath("/off/v1"), "unknown_model");
  assertStringIncludes(message, '"off" is switched off by the active profile "day"');
  assertEquals(naming.wherePath("/m1/x/y"), ["m1", "/x/y"]);
  assertEquals(naming.wherePath("/author/model/v1"), ["p/far", "/model/v1"]);
});

Deno.test("SV109: selectors are no names of paths, not even through a pin", () => {
  const naming = new Naming(MODELS + PEERS + PINS);
  naming.activate("day");
  assertEquals(naming.wherePath("/s/v1"), null);
  assertEquals(naming.wherePath("/pick/v1"), null);
});

Deno.test("a path of a million slashes costs no more than one of a few", () => {
  const naming = new Naming(MODELS);
  let asked = 0;
  const find = (name: string) => {
    asked++;
    return naming.config.models.get(name)?.id;
  };
  const path = "/m1" + "/".repeat(1_000_000);
  assertEquals(findLongestName(path, { find, maxLength: 12 })?.found, "m1");
  assert(asked <= 12, `${asked} names were looked up`);
  assertEquals(naming.wherePath("/" + "x/".repeat(500_000)), null);
});

/** Says the same by trying every end of a segment, the longest name first. */
function walkNaively(path: string, names: ReadonlySet<string>): PathMatch<string> | null {
  const start = path.search(/[^/]/);
  if (start < 0) return null;
  for (let end = path.length; end > start; end--) {
    if (end < path.length && path[end] !== "/") continue;
    let name: string;
    try {
      name = path.slice(start, end).split("/").map(decodeURIComponent).join("/");
    } catch {
      continue;
    }
    if (names.has(name)) return { found: name, name, rest: path.slice(end) || "/" };
  }
  return null;
}

Deno.test("random paths: the walk finds what trying every prefix finds", () => {
  const part = fc.constantFrom("a", "b", "A", "%", "%2F", "%2f", "%61", "%zz", "é", " ");
  const segment = fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom("a", "b", "a%2Fb", "%61", "%C3%A9", "") },
    { weight: 1, arbitrary: fc.array(part, { maxLength: 3 }).map((parts) => parts.join("")) },
  );
  const path = fc.array(segment, { maxLength: 5 }).map((segments) => segments.join("/"));
  const name = fc.array(fc.constantFrom("a", "b", "", "a/b", "/", "é"), { minLength: 1, maxLength: 3 })
    .map((parts) => parts.join("/")).filter((text) => text !== "");
  let found = 0;
  fc.assert(
    fc.property(fc.constantFrom("", "/", "//"), path, fc.array(name, { maxLength: 12 }), (slashes, rest, list) => {
      const names = new Set(list);
      const find = (text: string) => names.has(text) ? text : undefined;
      const maxLength = Math.max(0, ...list.map(({ length }) => length));
      const match = findLongestName(slashes + rest, { find, maxLength });
      assertEquals(match, walkNaively(slashes + rest, names));
      if (match !== null) found++;
    }),
    { numRuns: 3000 },
  );
  assert(found > 300, `only ${found} paths began with a name`);
});
