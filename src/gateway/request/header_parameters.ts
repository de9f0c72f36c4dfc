/**
 * Header fields of the form `value; name=value; …`, as Content-Type and Content-Disposition are (RFC 9110 §5.6.6). Pure.
 *
 * @module
 */

/** One parameter. */
export interface HeaderParameter {
  /** In lower case. */
  readonly name: string;
  /** Without quotes and escapes. */
  readonly value: string;
  /** As it stands there, without the quotes: differs from the value where something is escaped. */
  readonly raw: string;
}

/** A field and its parameters, in order. */
export interface ParameterisedField {
  /** What stands before the parameters, trimmed, in lower case. */
  readonly value: string;
  /** Each as often as it is there. */
  readonly parameters: readonly HeaderParameter[];
}

const PARAMETER = /;[ \t]*([^\s;="]+)=(?:"((?:[^"\\]|\\[^])*)"|([^\s;"][^;"]*))?[ \t]*/y;
const EMPTY_PARAMETER = /;[ \t]*(?=;|$)/y;

/** Null for a field that cannot be read in one way only. An unquoted value goes up to the next semicolon. */
export function readParameters(field: string): ParameterisedField | null {
  const mark = field.indexOf(";");
  if (mark < 0) return { value: field.trim().toLowerCase(), parameters: [] };
  const parameters: HeaderParameter[] = [];
  for (let at = mark; at < field.length;) {
    EMPTY_PARAMETER.lastIndex = at;
    if (EMPTY_PARAMETER.test(field)) {
      at = EMPTY_PARAMETER.lastIndex;
      continue;
    }
    PARAMETER.lastIndex = at;
    const match = PARAMETER.exec(field);
    if (match === null) return null;
    at = PARAMETER.lastIndex;
    const [, name = "", quoted, plain = ""] = match;
    const raw = quoted ?? plain.trimEnd();
    parameters.push({ name: name.toLowerCase(), value: quoted?.replace(/\\([^])/g, "$1") ?? raw, raw });
  }
  return { value: field.slice(0, mark).trim().toLowerCase(), parameters };
}
