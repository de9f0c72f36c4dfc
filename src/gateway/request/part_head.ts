/**
 * The header of one part of a form (RFC 7578 §4): which field the part is. Pure.
 *
 * @module
 */

import { type HeaderParameter, readParameters } from "./header_parameters.ts";

/** What a part's header says. */
export interface PartHead {
  /** The field's name; null when it has none. */
  readonly name: string | null;
  /** Whether it is a file, whatever its name. */
  readonly isFile: boolean;
  /** Whether its content is written in another way than it is meant (quoted-printable, base64). */
  readonly isEncoded: boolean;
}

/** Why a header cannot be read in one way only. */
export class PartHeadError extends Error {
  override readonly name = "PartHeadError";
}

const DECODER = new TextDecoder();
const LINE = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):(.*)$/s;
// deno-lint-ignore no-control-regex
const CONTROL = /[\x00-\x08\x0a-\x1f\x7f]/;
const NOT_ENCODED = new Set(["", "7bit", "8bit", "binary"]);

/**
 * Reads the lines of a header, each with its CRLF, without the empty line behind them.
 *
 * @throws {PartHeadError} for what readers of forms would understand differently.
 */
export function readPartHead(bytes: Uint8Array): PartHead {
  let disposition: string | null = null;
  let encoding = "";
  for (const line of DECODER.decode(bytes).split("\r\n").slice(0, -1)) {
    const [, name = "", value = ""] = LINE.exec(line) ?? [];
    if (name === "") throw new PartHeadError("a line of its header is not `name: value`");
    if (CONTROL.test(value)) throw new PartHeadError(`its header ${name} holds a control character`);
    if (name.toLowerCase() === "content-transfer-encoding") encoding = value.trim().toLowerCase();
    if (name.toLowerCase() !== "content-disposition") continue;
    if (disposition !== null) throw new PartHeadError("it has two headers Content-Disposition");
    disposition = value;
  }
  const isEncoded = !NOT_ENCODED.has(encoding);
  if (disposition === null) return { name: null, isFile: false, isEncoded };
  const parameters = readParameters(disposition)?.parameters;
  if (parameters === undefined) throw new PartHeadError("its header Content-Disposition is malformed");
  const isFile = parameters.some(({ name }) => name === "filename" || name.startsWith("filename*"));
  return { name: fieldName(parameters), isFile, isEncoded };
}

function fieldName(parameters: readonly HeaderParameter[]): string | null {
  if (parameters.some(({ name }) => name.startsWith("name*"))) {
    throw new PartHeadError("its name is written as `name*`, which forms may not have (RFC 7578 §4.2)");
  }
  const names = parameters.filter(({ name }) => name === "name");
  if (names.length > 1) throw new PartHeadError("it has two names");
  const name = names[0];
  if (name === undefined) return null;
  // Readers differ in which escapes they undo, and this name decides which model is asked for.
  if (name.value === "model" && name.raw !== "model") {
    throw new PartHeadError("its name `model` is written with escapes");
  }
  return name.value;
}
