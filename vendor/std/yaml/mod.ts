/**
 * Stand-in for the part of `jsr:@std/yaml` that Berth uses, over `js-yaml`, of which `@std/yaml` is a port.
 *
 * @module
 */

// @ts-types="./js_yaml.d.ts"
import { dump, load, YAMLException } from "js-yaml";
import { schemas, type SchemaType } from "./schema.ts";

export type { SchemaType };

/** A place in a YAML source. */
export interface YamlPosition {
  /** Line, from 1. */
  readonly line: number;
  /** Column, from 1. */
  readonly column: number;
  /** Characters before the place. */
  readonly offset: number;
}

/** Thrown for a source that is not YAML. */
export class YamlSyntaxError extends SyntaxError implements YamlPosition {
  override readonly name: string = "YamlSyntaxError";
  /** Line, from 1. */
  readonly line: number;
  /** Column, from 1. */
  readonly column: number;
  /** Characters before the place. */
  readonly offset: number;
  /** The lines around the place, if there are any. */
  declare readonly snippet?: string;

  /** Makes the error; place and snippet become part of the message. */
  constructor(message: string, position: YamlPosition, snippet?: string) {
    super(`${message} at line ${position.line}, column ${position.column}${snippet ? `:\n${snippet}` : ""}`);
    this.line = position.line;
    this.column = position.column;
    this.offset = position.offset;
    if (snippet !== undefined) this.snippet = snippet;
  }
}

/** How to parse. */
export interface ParseOptions {
  /** The types that plain scalars and tags may have; `default` unless given. */
  schema?: SchemaType;
  /** Whether the last of equal keys wins; otherwise equal keys are an error. */
  allowDuplicateKeys?: boolean;
  /** Called for what is wrong but readable. */
  onWarning?(error: YamlSyntaxError): void;
}

/** Parses one document; an empty one is `null`. Throws {@link YamlSyntaxError}. */
export function parse(content: string, options: ParseOptions = {}): unknown {
  const { onWarning } = options;
  try {
    return load(String(content), {
      schema: schemas[options.schema ?? "default"],
      json: options.allowDuplicateKeys ?? false,
      ...(onWarning ? { onWarning: (warning) => onWarning(toSyntaxError(warning)) } : {}),
    }) ?? null;
  } catch (error) {
    throw error instanceof YAMLException ? toSyntaxError(error) : error;
  }
}

/** How to write. */
export interface StringifyOptions {
  /** Spaces per level; 2 unless given. */
  indent?: number;
  /** Whether sequences inside mappings are indented; true unless given. */
  arrayIndent?: boolean;
  /** Whether values that YAML cannot hold are left out; otherwise they throw. */
  skipInvalid?: boolean;
  /** The depth from which flow style is used; -1 is never. */
  flowLevel?: number;
  /** The types that may be written. */
  schema?: SchemaType;
  /** Whether keys are sorted, or how. */
  sortKeys?: boolean | ((a: string, b: string) => number);
  /** Longest line; 80 unless given. */
  lineWidth?: number;
  /** Whether repeated objects become anchors and aliases; true unless given. */
  useAnchors?: boolean;
  /** Whether words that older YAML reads as booleans are quoted; true unless given. */
  compatMode?: boolean;
  /** Whether flow style is written without spaces. */
  condenseFlow?: boolean;
}

/** Writes a value as one document. Throws `TypeError` for a value that YAML cannot hold. */
export function stringify(data: unknown, options: StringifyOptions = {}): string {
  const { schema = "default", arrayIndent = true, useAnchors = true, compatMode = true, ...same } = options;
  try {
    return dump(data, {
      ...same,
      schema: schemas[schema],
      noArrayIndent: !arrayIndent,
      noRefs: !useAnchors,
      noCompatMode: !compatMode,
    });
  } catch (error) {
    throw error instanceof YAMLException ? new TypeError(error.reason) : error;
  }
}

function toSyntaxError(error: YAMLException): YamlSyntaxError {
  const mark = error.mark;
  const place = { line: (mark?.line ?? 0) + 1, column: (mark?.column ?? 0) + 1, offset: mark?.position ?? 0 };
  return new YamlSyntaxError(error.reason, place, mark?.snippet);
}
