/**
 * Gives each finding its file, line and column; the texts are read again only here, when something is to be said.
 *
 * @module
 */

import type { Finding } from "./findings.ts";
import { ConfigIssue } from "./issues.ts";
import { createLocator, type Position } from "./positions.ts";
import { type ConfigText, MAX_SOURCE_BYTES } from "./sources.ts";

/** Finds the place of each finding in the texts as their author wrote them; in the order of the texts. */
export function placeFindings(findings: readonly Finding[], texts: readonly ConfigText[]): readonly ConfigIssue[] {
  if (findings.length === 0) return [];
  const source = texts[0];
  if (source === undefined) return findings.map((finding) => new ConfigIssue({ ...NOWHERE, ...finding }));
  const locate = createLocator(source.text.length > MAX_SOURCE_BYTES ? "" : source.text);
  return findings
    .map((finding) => {
      const position = finding.path.length > 0 ? locate(finding.path) : placeOfText(finding.message, source.text);
      return new ConfigIssue({ file: source.file, ...position, ...finding });
    })
    .sort((a, b) => a.line - b.line || a.column - b.column);
}

const NOWHERE = { file: "config", line: 0, column: 0 };

/** Problems with `${env.NAME}` are found before there are paths. */
function placeOfText(message: string, text: string): Position {
  const name = /^environment variable '(\w+)'/.exec(message)?.[1];
  const offset = name === undefined ? -1 : text.indexOf(`\${env.${name}}`);
  if (offset < 0) return { line: 0, column: 0 };
  const before = text.slice(0, offset).split("\n");
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}
