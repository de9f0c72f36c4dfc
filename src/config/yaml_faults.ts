/**
 * What is wrong with a text that is no YAML, in the words of its author: names what the parser only points to, and tells
 * what is usually meant. Values are never quoted.
 *
 * @module
 */

import { nearestName } from "./suggestions.ts";

/** Where the parser gave up. */
export interface Fault {
  /** The parser's words. */
  readonly reason: string;
  /** The author's text. */
  readonly text: string;
  /** Characters of {@link text} before the place; -1 when it is not known. */
  readonly offset: number;
}

/** One sentence, and what would be right. */
export interface FaultText {
  /** One sentence. */
  readonly message: string;
  /** The nearest right name. */
  readonly suggestion?: string | undefined;
}

/** A key in front of a value that begins on the same line. */
const ENTRY = /^\s*(?:- +)*(?:"[^"]*"|'[^']*'|[^\s"'#][^:#]{0,200}):[ \t]+(\S.*)$/;
const NO_SPACE = /^\s*(?:- +)*[A-Za-z_][\w.-]*:(?!\/\/)[^\s:]/;
const NO_COLON = /^\s*[A-Za-z_][\w.-]*\s*$/;
/** Keys whose values no message may hint at. */
const SECRET_KEY = /^(?:env|filters|setParams\w*|.*(?:key|token|secret|password|auth).*)$/i;

/** Explains a fault. */
export function explainFault(fault: Fault): FaultText {
  const { reason } = fault;
  if (reason.startsWith("unidentified alias")) return explainAlias(fault);
  const tag = /!<([^>]*)>/.exec(reason)?.[1];
  if (tag !== undefined) return { message: explainTag(tag, fault) };
  const known = reason.replace(/\s*(?:["<]|!<|: ).*$/s, " …");
  if (reason.startsWith("duplicated mapping key")) return { message: explainKey(fault) };
  const hint = hintFor(fault);
  return { message: hint === null ? known : `${known}: ${hint}` };
}

function explainAlias({ text, offset }: Fault): FaultText {
  const name = /\*([^\s,[\]{}]+)\s*$/.exec(text.slice(Math.max(0, offset - 200), offset))?.[1];
  if (name === undefined || isSecretPlace(text, offset)) {
    return { message: "unidentified alias: a text that begins with * must be quoted" };
  }
  const anchors = Array.from(text.matchAll(/(?<=[\s,[{]|^)&([^\s,[\]{}]{1,64})/g), ([, anchor]) => anchor ?? "");
  return {
    message: `unidentified alias *${name}: no anchor &${name} stands before it; quote it if it is text`,
    suggestion: nearestName(name, new Set(anchors.slice(0, 1000))),
  };
}

function explainTag(tag: string, { reason, text, offset }: Fault): string {
  const short = tag.startsWith("tag:yaml.org,2002:") ? `!!${tag.slice("tag:yaml.org,2002:".length)}` : tag;
  const isOwn = offset >= 0 && short.length <= 80 && text.slice(Math.max(0, offset - 4096), offset + 1).includes(short);
  if (!isOwn || isSecretPlace(text, offset)) return "unknown tag: a text that begins with ! must be quoted";
  return reason.startsWith("unknown tag")
    ? `unknown tag ${short}: leave it out, or quote it if it is text`
    : `${short} does not fit the value behind it: leave the tag out`;
}

function explainKey({ text, offset }: Fault): string {
  const key = offset < 0 ? undefined : /^(?:"([^"\n]{1,80})"|'([^'\n]{1,80})'|([^\s"':#][^:\n]{0,80}?))\s*:/
    .exec(text.slice(offset, offset + 200))?.slice(1).find((part) => part !== undefined);
  return key === undefined ? "duplicated mapping key" : `duplicated mapping key ${JSON.stringify(key)}`;
}

/** What is usually meant; `null` when nothing is known. */
function hintFor({ reason, text, offset }: Fault): string | null {
  if (offset < 0) return null;
  const lines = text.split(/\r\n|\r|\n/);
  const index = text.slice(0, offset).split(/\r\n|\r|\n/).length - 1;
  const line = lines[index] ?? "";
  const before = lines.slice(0, index).findLastIndex((one) => /^\s*[^\s#]/.test(one));
  const value = ENTRY.exec(line)?.[1];
  if (reason.startsWith("bad indentation of a mapping entry") && value !== undefined) {
    const hint = hintForValue(value);
    if (hint !== null) return hint;
  }
  if (/^(?:bad indentation|can not read|end of the stream)/.test(reason)) {
    for (const at of [index, before]) {
      if (NO_SPACE.test(lines[at] ?? "")) return `a space is missing after the colon in line ${at + 1}`;
      if (NO_COLON.test(lines[at] ?? "")) return `a colon is missing in line ${at + 1}`;
    }
  }
  if (reason.startsWith("end of the stream")) {
    const first = lines.findIndex((one) => /^\s*[^\s#]/.test(one) && !/^(?:---|%)/.test(one));
    if (first >= 0 && first < index && indentOf(lines[first]) > indentOf(line)) {
      return `line ${first + 1} is indented more than this one`;
    }
  }
  if (reason.startsWith("bad indentation")) return "it is indented otherwise than the lines beside it";
  if (reason.startsWith("unknown escape")) return "in double quotes write \\\\ for a backslash, or use single quotes";
  if (reason.startsWith("tab characters")) return "use spaces";
  if (reason.startsWith("missed comma")) return "a comma or a closing bracket is missing before";
  return null;
}

/** Why a value of one line cannot be read. */
function hintForValue(value: string): string | null {
  const [first = ""] = value;
  if ("@`%]},".includes(first)) return `quote the text: a text cannot begin with ${first}`;
  if (/^-\s/.test(value)) return "a list begins on a line of its own";
  if (first === '"' || first === "'") return "nothing may stand behind the closing quote: quote the whole text";
  if (/:(?:\s|$)/.test(value)) return "quote the text: it holds `: `";
  if (value.includes("${env.")) return "quote the text: a variable in it may hold `: `";
  return null;
}

/** Whether one of the keys around a place says that its value is a secret. */
function isSecretPlace(text: string, offset: number): boolean {
  const lines = text.slice(0, Math.max(0, offset)).split(/\r\n|\r|\n/).slice(-2000);
  const keysIn = (line: string) => Array.from(line.matchAll(/([\w.-]+)["']?\s*:/g), ([, key]) => key ?? "");
  const last = lines.pop() ?? "";
  const keys = keysIn(last);
  let indent = indentOf(last);
  for (const line of lines.reverse()) {
    if (!/^\s*[^\s#]/.test(line) || indentOf(line) > indent) continue;
    // An item of a list may stand as far to the left as the key above it.
    if (indentOf(line) === indent && (/^\s*- /.test(line) || !/^\s*- /.test(last))) continue;
    keys.push(...keysIn(line));
    indent = indentOf(line);
  }
  return keys.some((key) => SECRET_KEY.test(key));
}

function indentOf(line = ""): number {
  return line.length - line.trimStart().length;
}
