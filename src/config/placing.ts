/**
 * Makes issues of findings: each gets its file, line and column, and values of the environment are hidden. Positions are
 * read only here, when something is to be said.
 *
 * @module
 */

import type { Finding } from "./findings.ts";
import type { Documents } from "./documents.ts";
import { showMissing } from "./environment.ts";
import { ConfigIssue } from "./issues.ts";

/** Shorter values are not hidden: they would be found everywhere, and are no secrets. */
const MIN_SECRET = 4;
/** A value that was cut short is known by this many characters. */
const KNOWN_BY = 12;
/** Nobody reads more, and each costs a look-up. */
const MAX_ISSUES = 1000;

/** Finds the place of each finding; in the order of the files and their lines. Follow-ups of what was told are left out. */
export function placeFindings(
  findings: readonly Finding[],
  documents: Documents,
  files: readonly string[],
): readonly ConfigIssue[] {
  const hide = createHiding(documents.secrets);
  const order = new Map(files.map((file, i) => [file, i]));
  const told = withoutFollowUps(findings, documents);
  const issues = told.slice(0, MAX_ISSUES)
    .map((finding) => {
      const place = finding.place ?? documents.placeOf(finding.path, finding.token);
      return new ConfigIssue({
        ...place,
        path: finding.path.map((step) => typeof step === "number" ? step : hide(step)),
        message: hide(finding.message),
        found: finding.found === undefined ? undefined : hide(finding.found),
        expected: finding.expected === undefined ? undefined : hide(finding.expected),
        suggestion: finding.suggestion === undefined ? undefined : hide(finding.suggestion),
      });
    })
    .sort((a, b) => (order.get(a.file) ?? -1) - (order.get(b.file) ?? -1) || a.line - b.line || a.column - b.column);
  if (told.length <= MAX_ISSUES) return issues;
  const message = `${told.length - MAX_ISSUES} more are not shown`;
  return [...issues, new ConfigIssue({ ...documents.placeOf([]), path: [], message })];
}

/** Without findings that only follow from a value that is missing, or from what could not be read. */
function withoutFollowUps(findings: readonly Finding[], documents: Documents): readonly Finding[] {
  const hidden = new Set(findings.map(({ hides }) => hides));
  const broken = new Set(
    findings.filter(({ missing }) => missing === undefined)
      .flatMap(({ path }) => path.map((_, i) => path.slice(0, i + 1).join("\0"))),
  );
  return findings.filter(({ path, place, refersTo, missing, token }) => {
    if (place !== undefined) return true;
    if (refersTo !== undefined && (!documents.isWhole || hidden.has(refersTo))) return false;
    // What is written there is wrong whatever the missing value is.
    if (token !== undefined) return true;
    return !documents.isMissing(path) && !(missing !== undefined && broken.has(missing.join("\0")));
  });
}

function createHiding(secrets: ReadonlyMap<string, string>): (text: string) => string {
  const known = [...secrets]
    .filter(([, value]) => value.length >= MIN_SECRET)
    .flatMap(([name, value]) =>
      [...new Set([value, JSON.stringify(value).slice(1, -1)])].map((form) => ({ name, form }))
    )
    .sort((a, b) => b.form.length - a.form.length);
  return (text) => known.reduce((shown, { name, form }) => hideOne(shown, form, name), showMissing(text));
}

function hideOne(text: string, value: string, name: string): string {
  const start = value.slice(0, KNOWN_BY);
  let shown = "";
  let from = 0;
  for (let at = text.indexOf(start); at >= 0; at = text.indexOf(start, from)) {
    let length = start.length;
    while (length < value.length && text[at + length] === value[length]) length++;
    shown += `${text.slice(from, at)}\${env.${name}}`;
    from = at + length;
  }
  return shown + text.slice(from);
}
