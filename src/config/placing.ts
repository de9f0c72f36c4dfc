/**
 * Makes issues of findings: each gets its file, line and column, values of the environment are hidden, and long texts are
 * cut. Positions and suggestions are looked up only here, when something is to be said.
 *
 * @module
 */

import type { Finding } from "./findings.ts";
import type { Documents } from "./documents.ts";
import { showMissing } from "./environment.ts";
import { createHider } from "./hiding.ts";
import { ConfigIssue, cutText } from "./issues.ts";
import { PathMap } from "./path_map.ts";
import { createSuggester } from "./suggestions.ts";

/** A value that was cut short is known by this many characters. */
const KNOWN_BY = 12;
/** Nobody reads more, and each costs a look-up. */
const MAX_ISSUES = 1000;
/** Longer parts of an issue are cut: a name or value may have megabytes. */
const LONGEST = { step: 120, message: 600, fact: 300 } as const;

/** Finds the place of each finding; in the order of the files and their lines. Follow-ups of what was told are left out. */
export function placeFindings(
  findings: readonly Finding[],
  documents: Documents,
  files: readonly string[],
): readonly ConfigIssue[] {
  if (findings.length === 0) return [];
  const show = createShowing(documents.secrets);
  const fact = (text: string | undefined) => text === undefined ? undefined : show(text, LONGEST.fact);
  const suggest = createSuggester();
  const order = new Map(files.map((file, i) => [file, i]));
  const told = withoutFollowUps(findings, documents);
  const issues = told.slice(0, MAX_ISSUES)
    .map(({ path, message, found, expected, suggestion, token, place = documents.placeOf(path, token) }) =>
      new ConfigIssue({
        ...place,
        path: path.map((step) => typeof step === "number" ? step : show(step, LONGEST.step)),
        message: show(message, LONGEST.message),
        found: fact(found),
        expected: fact(expected),
        suggestion: fact(typeof suggestion === "object" ? suggest(suggestion) : suggestion),
      })
    )
    .sort((a, b) => (order.get(a.file) ?? -1) - (order.get(b.file) ?? -1) || a.line - b.line || a.column - b.column);
  if (told.length <= MAX_ISSUES) return issues;
  const message = `${told.length - MAX_ISSUES} more are not shown`;
  return [...issues, new ConfigIssue({ ...documents.placeOf([]), path: [], message })];
}

/** Without findings that only follow from a value that is missing, or from what could not be read. */
function withoutFollowUps(findings: readonly Finding[], documents: Documents): readonly Finding[] {
  const hidden = new Set(findings.map(({ hides }) => hides));
  // Every place of this map has something broken at it or below it.
  const broken = new PathMap<true>();
  if (findings.some(({ missing }) => missing !== undefined)) {
    for (const { path, missing } of findings) if (missing === undefined) broken.set(path, true);
  }
  return findings.filter(({ path, place, refersTo, missing, token }) => {
    if (place !== undefined) return true;
    if (refersTo !== undefined && (!documents.isWhole || hidden.has(refersTo))) return false;
    // What is written there is wrong whatever the missing value is.
    if (token !== undefined) return true;
    return !documents.isMissing(path) && !(missing !== undefined && missing.length > 0 && broken.has(missing));
  });
}

/**
 * Makes a function that hides values of the environment in a text and cuts it. What is cut may begin with a secret of which
 * too little is left to know it: that goes, too.
 */
function createShowing(secrets: ReadonlyMap<string, string>): (text: string, length: number) => string {
  const shown = new Map<string, string>();
  for (const [name, value] of secrets) {
    for (const form of [value, JSON.stringify(value).slice(1, -1)]) shown.set(form, `\${env.${name}}`);
  }
  const hide = createHider({ shown, knownBy: KNOWN_BY });
  return (text, length) => {
    const whole = text.length <= 2 * length;
    const hidden = hide(showMissing(whole ? text : text.slice(0, 2 * length)));
    return whole ? cutText(hidden, length) : cutText(`${hidden.slice(0, -KNOWN_BY)}…`, length);
  };
}
