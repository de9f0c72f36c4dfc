/** The part of `js-yaml` 4 that this stand-in calls; the package ships no types. */

export interface TypeOptions {
  kind: "scalar";
  resolve(data: string | null): boolean;
  construct(data: string): unknown;
  predicate(value: unknown): boolean;
  represent(value: number): string;
}

export class Type {
  constructor(tag: string, options: TypeOptions);
}

export interface Schema {
  extend(definition: { implicit: Type[] }): Schema;
}

export interface Mark {
  line: number;
  column: number;
  position: number;
  snippet?: string;
}

export class YAMLException extends Error {
  reason: string;
  mark?: Mark;
}

export interface LoadOptions {
  schema?: Schema;
  json?: boolean;
  onWarning?(error: YAMLException): void;
}

export interface DumpOptions {
  schema?: Schema;
  indent?: number;
  noArrayIndent?: boolean;
  skipInvalid?: boolean;
  flowLevel?: number;
  sortKeys?: boolean | ((a: string, b: string) => number);
  lineWidth?: number;
  noRefs?: boolean;
  noCompatMode?: boolean;
  condenseFlow?: boolean;
}

export const DEFAULT_SCHEMA: Schema;
export const CORE_SCHEMA: Schema;
export const JSON_SCHEMA: Schema;
export const FAILSAFE_SCHEMA: Schema;
export function load(content: string, options?: LoadOptions): unknown;
export function dump(data: unknown, options?: DumpOptions): string;
