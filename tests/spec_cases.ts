/**
 * Numbered cases of the specification, and the tests that name them.
 *
 * @module
 */

const TESTS = new URL("./", import.meta.url).pathname;
/** The beginning of a test or of a step with a name. */
const NAME = /(?:Deno\.test|\.step|testBoth)\(\s*(["'`])((?:(?!\1).)*)\1/g;

/** The names of all tests and steps. */
export function namesOfTests(): readonly string[] {
  return [...namesIn(TESTS)];
}

/** Cases that a name cites, one by one (`CR1, CR2`) or as a range (`CR1–CR3`), of these parts. */
export function casesIn(name: string, parts: readonly string[]): readonly string[] {
  const pattern = new RegExp(`\\b(${parts.join("|")})(\\d+)(?:[–-]\\1?(\\d+))?\\b`, "g");
  return [...name.matchAll(pattern)].flatMap(([, part = "", from = "", to = from]) =>
    numbered(part, Number(from), Number(to))
  );
}

/** `CM1` to `CM22` and the like. */
export function numbered(part: string, from: number, to: number): readonly string[] {
  return Array.from({ length: to - from + 1 }, (_, i) => `${part}${from + i}`);
}

function* namesIn(folder: string): Iterable<string> {
  for (const { name, isDirectory, isFile } of Deno.readDirSync(folder)) {
    const path = `${folder}${name}`;
    if (isDirectory) yield* namesIn(`${path}/`);
    else if (isFile && name.endsWith("_test.ts")) {
      for (const match of Deno.readTextFileSync(path).matchAll(NAME)) yield match[2] ?? "";
    }
  }
}
