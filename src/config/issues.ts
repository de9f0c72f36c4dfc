/**
 * What is wrong, or merely odd, in a config, said so that its author can fix it.
 *
 * @module
 */

/** Where in a config something is: keys and list indexes from the top. */
export type ConfigPath = readonly (string | number)[];

/** A place in one of the files. */
export interface Place {
  /** The file, as its author knows it. */
  readonly file: string;
  /** Line from 1; 0 when it is not known. */
  readonly line: number;
  /** Column from 1; 0 when it is not known. */
  readonly column: number;
}

/** What a {@link ConfigIssue} is made of. */
export interface ConfigIssueFields extends Place {
  /** Where in the tree it is; empty for the whole document. */
  readonly path: ConfigPath;
  /** One sentence without the place. */
  readonly message: string;
  /** What stands there, shortened; never the value of a secret. */
  readonly found?: string | undefined;
  /** What would be right there. */
  readonly expected?: string | undefined;
  /** The nearest name that would be right. */
  readonly suggestion?: string | undefined;
}

/** One problem or warning in a config. */
export class ConfigIssue {
  /** Name of the source. */
  readonly file: string;
  /** Line from 1; 0 when it is not known. */
  readonly line: number;
  /** Column from 1; 0 when it is not known. */
  readonly column: number;
  /** Where in the tree it is. */
  readonly path: ConfigPath;
  /** One sentence without the place. */
  readonly message: string;
  /** What stands there, shortened. */
  readonly found: string | undefined;
  /** What would be right there. */
  readonly expected: string | undefined;
  /** The nearest name that would be right. */
  readonly suggestion: string | undefined;

  /** Makes the issue. */
  constructor(fields: ConfigIssueFields) {
    this.file = fields.file;
    this.line = fields.line;
    this.column = fields.column;
    this.path = fields.path;
    this.message = fields.message;
    this.found = fields.found;
    this.expected = fields.expected;
    this.suggestion = fields.suggestion;
  }

  /** One line: `file:line:column: path: message (expected …, found …; did you mean …?)`. */
  toString(): string {
    const place = this.line > 0 ? `${this.file}:${this.line}:${this.column}` : this.file;
    const path = this.path.length > 0 ? ` ${formatPath(this.path)}:` : "";
    const message = withoutPath(this.message, this.path);
    const facts = [
      this.expected === undefined ? null : `expected ${this.expected}`,
      this.found === undefined ? null : `found ${this.found}`,
    ].filter((fact) => fact !== null).join(", ");
    const hint = this.suggestion === undefined
      ? ""
      : `${facts === "" && !this.message.endsWith(".") ? "." : ""} Did you mean ${JSON.stringify(this.suggestion)}?`;
    return `${place}:${path} ${message}${facts === "" ? "" : ` (${facts})`}${hint}`;
  }
}

/** Some texts, which programs look for, begin with the path or with the block that holds it: that need not be read twice. */
function withoutPath(message: string, path: ConfigPath): string {
  const [own, holder] = [formatPath(path), formatPath(path.slice(0, -1))];
  if (own !== "" && message.startsWith(`${own}: `)) return message.slice(own.length + 2);
  const isLong = path.length > 2 && message.startsWith(holder);
  const rest = isLong ? /^ (.+)$/s.exec(message.slice(holder.length))?.[1] : undefined;
  return rest ?? message;
}

/** Thrown for a config that cannot be used: it carries every problem found, in the order of the source. */
export class ConfigErrors extends Error {
  override readonly name = "ConfigErrors";
  /** Every problem; at least one. */
  readonly issues: readonly ConfigIssue[];
  /** What deserves attention besides: a problem may come of it. */
  readonly warnings: readonly ConfigIssue[];

  /** Makes the error; its message lists the problems, one a line, then the warnings. */
  constructor(issues: readonly ConfigIssue[], warnings: readonly ConfigIssue[] = []) {
    const alone = warnings.length === 0;
    const counts = [count(issues.length, "problem"), ...(alone ? [] : [count(warnings.length, "warning")])];
    const lines = [
      ...issues.map((issue) => alone ? `  ${issue}` : `  error: ${issue}`),
      ...warnings.map((warning) => `  warning: ${warning}`),
    ];
    super(`The config has ${counts.join(" and ")}:\n${lines.join("\n")}`);
    this.issues = issues;
    this.warnings = warnings;
  }
}

/** A number with its noun, such as `2 problems`. */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}

/** Writes a path as `models.qwen.aliases[0]`; keys that need it are quoted. */
export function formatPath(path: ConfigPath): string {
  let text = "";
  for (const step of path) {
    if (typeof step === "number") text += `[${step}]`;
    else if (/^[\w/:@+-][\w./:@+-]*$/.test(step)) text += text === "" ? step : `.${step}`;
    else text += text === "" ? JSON.stringify(step) : `.${JSON.stringify(step)}`;
  }
  return text;
}

/** Longer names are cut in messages: one name may stand in very many of them. */
const MAX_STEP = 120;

/** Joins a path with dots, for messages; very long names are cut. */
export function joinPath(path: ConfigPath): string {
  return path.map((step) => typeof step === "string" ? cutText(step, MAX_STEP) : step).join(".");
}

/** Cuts a text for a message. */
export function cutText(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length)}…` : text;
}

/** Names a value's kind only: for places where a whole block is expected, of which nobody knows what stands in it. */
export function describeKind(value: unknown): string {
  return typeof value === "string" ? "a text" : typeof value === "number" ? "a number" : describeValue(value);
}

/** Names a value's kind and, for short scalars, the value. */
export function describeValue(value: unknown): string {
  if (value === null || value === undefined) return "nothing";
  if (value instanceof Date) return "a date (quote it to make it text)";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "a mapping";
  if (typeof value === "string") {
    return `the text ${JSON.stringify(cutText(value, 60))}`;
  }
  return `${value}`;
}
