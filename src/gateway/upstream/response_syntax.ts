/**
 * What heads and trailers are made of: bytes as text, header lines, and the error for what breaks their grammar.
 *
 * @module
 */

/** A response that breaks HTTP/1.1 or exceeds a limit. */
export class ResponseSyntaxError extends Error {
  override readonly name = "ResponseSyntaxError";
}

/** A header or trailer field, its name in lower case. */
export type Field = readonly [name: string, value: string];

/** RFC 9112 sets no limit; Apache takes 100 fields, nginx's and Node's defaults lie above. */
const MAX_FIELDS = 256;
/** RFC 9110 §5.6.2. */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** What RFC 9110 §5.5 keeps out: every control but the tab, and a CR before no LF (RFC 9112 §2.2); a bare LF never gets here. */
// deno-lint-ignore no-control-regex
const CONTROL = /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|\r(?!\n)/;
const MAX_ARGUMENTS = 8192;
const ASCII = new TextDecoder("latin1");
// deno-lint-ignore no-control-regex
const NOT_ASCII = /[^\x00-\x7f]/;

/** The error to throw for `what`. */
export function malformed(what: string): ResponseSyntaxError {
  return new ResponseSyntaxError(`Malformed response: ${what}`);
}

/**
 * One character per byte, as `Headers` has it. `TextDecoder` knows no such encoding: its "latin1" is windows-1252, which
 * makes € of the byte 0x80.
 */
export function byteString(bytes: Uint8Array): string {
  const text = ASCII.decode(bytes);
  if (!NOT_ASCII.test(text)) return text;
  let whole = "";
  for (let at = 0; at < bytes.length; at += MAX_ARGUMENTS) {
    whole += String.fromCharCode(...bytes.subarray(at, at + MAX_ARGUMENTS));
  }
  return whole;
}

/** Throws where a control character or a bare CR is in `text`; its line feeds are those of line ends. */
export function refuseControls(text: string): void {
  if (CONTROL.test(text)) throw malformed("control character");
}

/** Reads the lines of `text` from `from` on; each ends with CRLF. Control characters have been refused before. */
export function parseFields(text: string, from: number): Field[] {
  const fields: Field[] = [];
  for (let at = from; at < text.length;) {
    const end = text.indexOf("\r\n", at);
    const colon = text.indexOf(":", at);
    // A folded line (RFC 9112 §5.2), a line without a colon and space before the colon (§5.1) have no token there.
    const name = text.slice(at, colon < 0 || colon > end ? at : colon);
    if (!TOKEN.test(name)) throw malformed("header name");
    if (fields.length === MAX_FIELDS) throw malformed("too many headers");
    fields.push([name.toLowerCase(), trim(text, colon + 1, end)]);
    at = end + 2;
  }
  return fields;
}

/** Without the optional whitespace of RFC 9110 §5.6.3 around it; `String.trim` would take 0xa0 away as well. */
function trim(text: string, from: number, to: number): string {
  while (from < to && isBlank(text.charCodeAt(from))) from++;
  while (to > from && isBlank(text.charCodeAt(to - 1))) to--;
  return text.slice(from, to);
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}
