/**
 * Checks that bytes are one JSON object (RFC 8259) and finds values of top-level keys in it, in one pass and without
 * building anything: a body of many megabytes costs a look at each byte and no memory.
 *
 * @module
 */

/** Start (inclusive) and end (exclusive) of a value, in bytes. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** Bytes that are no JSON object. */
export class JsonSyntaxError extends Error {
  override readonly name = "JsonSyntaxError";
  /** The first byte that does not belong there. */
  readonly offset: number;

  /** `what` says what was expected. */
  constructor(what: string, offset: number) {
    super(`${what} at byte ${offset}`);
    this.offset = offset;
  }
}

/**
 * Every value of each of the `keys` of the object, in order: a key may be repeated, and readers differ in which value they
 * believe. One more list at the end holds the values of keys that differ from one of `keys` by the case of letters alone:
 * some readers take them for the same. `bytes` must be valid UTF-8; a byte order mark before the object is passed over.
 * `keys` are UTF-8, in lower case.
 *
 * @throws {JsonSyntaxError} for anything but one JSON object.
 */
export function findTopLevelValues(bytes: Uint8Array, keys: readonly Uint8Array[]): ByteRange[][] {
  return new Scanner(bytes, keys).run({ mustBeObject: true });
}

/**
 * The same for any JSON value: one that is no object has no keys.
 *
 * @throws {JsonSyntaxError} for anything but one JSON value.
 */
export function findValuesIfObject(bytes: Uint8Array, keys: readonly Uint8Array[]): ByteRange[][] {
  return new Scanner(bytes, keys).run({ mustBeObject: false });
}

const TAB = 9, LF = 10, CR = 13, SPACE = 32, QUOTE = 34, PLUS = 43, COMMA = 44, MINUS = 45, DOT = 46, COLON = 58;
const UPPER_A = 65, UPPER_Z = 90, CASE_BIT = 32;
const UPPER_E = 69, BACKSLASH = 92, LOWER_E = 101, LOWER_U = 117, OPEN_LIST = 91, OPEN = 123, CLOSE = 125;
const ESCAPES = new Set([...'"\\/bfnrt'].map((char) => char.charCodeAt(0)));
const LITERALS = ["true", "false", "null"].map((text) => new TextEncoder().encode(text));

/** Below this the words cost more than they win. */
const LEAST_FOR_WORDS = 128;

class Scanner {
  readonly #bytes: Uint8Array;
  readonly #keys: readonly Uint8Array[];
  readonly #found: ByteRange[][];
  /** Four bytes at a time, from the byte {@link Scanner.#wordsFrom} on, which is where the buffer is aligned. */
  readonly #words: Int32Array;
  readonly #wordsFrom: number;
  /** For each open bracket the byte that closes it; the object's own is first. */
  #closers = CLOSERS;
  #depth = 0;
  #at = 0;
  /** Where the value that is being read belongs, if it is wanted. */
  #list: ByteRange[] | undefined;
  #valueStart = 0;

  constructor(bytes: Uint8Array, keys: readonly Uint8Array[]) {
    this.#bytes = bytes;
    this.#keys = keys;
    this.#found = keys.map(() => []);
    this.#found.push([]);
    this.#wordsFrom = Math.min(bytes.length, (4 - (bytes.byteOffset & 3)) & 3);
    const count = bytes.length < LEAST_FOR_WORDS ? 0 : (bytes.length - this.#wordsFrom) >> 2;
    this.#words = count === 0 ? NO_WORDS : new Int32Array(bytes.buffer, bytes.byteOffset + this.#wordsFrom, count);
  }

  run({ mustBeObject }: { readonly mustBeObject: boolean }): ByteRange[][] {
    const bytes = this.#bytes;
    if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) this.#at = 3;
    this.#skipSpace();
    if (mustBeObject && bytes[this.#at] !== OPEN) throw this.#expected("{");
    do this.#readValue(); while (!this.#isDone());
    return this.#found;
  }

  /** Reads a scalar or an empty container, going into as many containers as begin before it. */
  #readValue(): void {
    while (true) {
      const byte = this.#bytes[this.#at] ?? 0;
      if (byte === QUOTE) return this.#readString();
      if (byte === MINUS || isDigit(byte)) return this.#readNumber();
      if (byte !== OPEN && byte !== OPEN_LIST) return this.#readLiteral();
      this.#at++;
      this.#skipSpace();
      const closer = byte + 2; // } is { + 2, and ] is [ + 2
      if (this.#bytes[this.#at] === closer) {
        this.#at++;
        return;
      }
      if (this.#depth === this.#closers.length) this.#closers = doubled(this.#closers);
      this.#closers[this.#depth++] = closer;
      if (byte === OPEN) this.#readKey();
    }
  }

  /** After a value: closes what ends here and goes to the next value; true behind the object. */
  #isDone(): boolean {
    while (this.#depth > 0) {
      if (this.#depth === 1 && this.#list !== undefined) {
        this.#list.push({ start: this.#valueStart, end: this.#at });
        this.#list = undefined;
      }
      this.#skipSpace();
      const byte = this.#bytes[this.#at];
      const closer = this.#closers[this.#depth - 1];
      if (byte === COMMA) {
        this.#at++;
        this.#skipSpace();
        if (closer === CLOSE) this.#readKey();
        return false;
      }
      if (byte !== closer) throw this.#expected(closer === CLOSE ? ", or }" : ", or ]");
      this.#at++;
      this.#depth--;
    }
    this.#skipSpace();
    if (this.#at < this.#bytes.length) throw this.#expected("the end");
    return true;
  }

  /** From a key to its value. */
  #readKey(): void {
    const start = this.#at;
    if (this.#bytes[start] !== QUOTE) throw this.#expected("a key");
    this.#readString();
    const end = this.#at;
    this.#skipSpace();
    if (this.#bytes[this.#at] !== COLON) throw this.#expected(":");
    this.#at++;
    this.#skipSpace();
    if (this.#depth !== 1) return;
    this.#valueStart = this.#at;
    this.#list = this.#found[this.#indexOfKey({ start, end })];
  }

  #indexOfKey({ start, end }: ByteRange): number {
    const index = this.#indexOf(this.#bytes, { start: start + 1, end: end - 1 });
    if (index >= 0 || !this.#hasEscape(start, end)) return index;
    const text: unknown = JSON.parse(new TextDecoder().decode(this.#bytes.subarray(start, end)));
    const key = new TextEncoder().encode(String(text));
    return this.#indexOf(key, { start: 0, end: key.length });
  }

  #hasEscape(start: number, end: number): boolean {
    for (let at = start; at < end; at++) if (this.#bytes[at] === BACKSLASH) return true;
    return false;
  }

  #indexOf(bytes: Uint8Array, at: ByteRange): number {
    const keys = this.#keys;
    for (let i = 0; i < keys.length; i++) if (isSame(keys[i], bytes, at)) return i;
    return keys.some((wanted) => isSameButForCase(wanted, bytes, at)) ? keys.length : -1;
  }

  #skipSpace(): void {
    const bytes = this.#bytes;
    let at = this.#at;
    for (let byte = bytes[at]; byte === SPACE || byte === LF || byte === CR || byte === TAB; byte = bytes[at]) at++;
    this.#at = at;
  }

  #readString(): void {
    const bytes = this.#bytes;
    let at = this.#at + 1;
    while (true) {
      const fromWords = at - this.#wordsFrom;
      if ((fromWords & 3) === 0 && fromWords >= 0) at = this.#wordsFrom + this.#skipPlainWords(fromWords >> 2) * 4;
      const byte = bytes[at];
      if (byte === QUOTE) {
        this.#at = at + 1;
        return;
      }
      if (byte === BACKSLASH) {
        at = this.#endOfEscape(at);
      } else if (byte === undefined || byte < SPACE) {
        this.#at = at;
        throw this.#expected(byte === undefined ? "the end of a text" : "control characters to be escaped,");
      } else {
        at++;
      }
    }
  }

  /** The first word from `start` on that holds a quote, a backslash or a control character. */
  #skipPlainWords(start: number): number {
    const words = this.#words;
    let i = start;
    for (; i < words.length; i++) {
      const word = words[i] ?? 0;
      const quote = word ^ 0x22222222;
      const escape = word ^ 0x5c5c5c5c;
      // The classic test for a zero byte, three times: below 0x20, equal to a quote, equal to a backslash.
      const hit = ((word - 0x20202020) & ~word) | ((quote - 0x01010101) & ~quote) | ((escape - 0x01010101) & ~escape);
      if ((hit & 0x80808080) !== 0) break;
    }
    return i;
  }

  #endOfEscape(at: number): number {
    const byte = this.#bytes[at + 1] ?? 0;
    if (ESCAPES.has(byte)) return at + 2;
    this.#at = at;
    if (byte !== LOWER_U) throw this.#expected("a known escape");
    for (let i = at + 2; i < at + 6; i++) if (!isHexDigit(this.#bytes[i])) throw this.#expected("four hex digits");
    return at + 6;
  }

  #readNumber(): void {
    const bytes = this.#bytes;
    if (bytes[this.#at] === MINUS) this.#at++;
    if (bytes[this.#at] === 48) this.#at++; // nothing follows a leading zero
    else this.#readDigits();
    if (bytes[this.#at] === DOT) {
      this.#at++;
      this.#readDigits();
    }
    if (bytes[this.#at] === LOWER_E || bytes[this.#at] === UPPER_E) {
      this.#at++;
      if (bytes[this.#at] === PLUS || bytes[this.#at] === MINUS) this.#at++;
      this.#readDigits();
    }
  }

  #readDigits(): void {
    if (!isDigit(this.#bytes[this.#at])) throw this.#expected("a digit");
    while (isDigit(this.#bytes[this.#at])) this.#at++;
  }

  #readLiteral(): void {
    for (const literal of LITERALS) {
      const end = this.#at + literal.length;
      if (!isSame(literal, this.#bytes, { start: this.#at, end })) continue;
      this.#at = end;
      return;
    }
    throw this.#expected("a value");
  }

  #expected(what: string): JsonSyntaxError {
    return new JsonSyntaxError(`expected ${what}`, this.#at);
  }
}

const NO_WORDS = new Int32Array(0);
/** For the first brackets of any scan: there is never a second one before the first has ended. */
const CLOSERS = new Uint8Array(32);

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 48 && byte <= 57;
}

function isHexDigit(byte: number | undefined): boolean {
  return byte !== undefined && (isDigit(byte) || (byte >= 65 && byte <= 70) || (byte >= 97 && byte <= 102));
}

function isSame(wanted: Uint8Array | undefined, bytes: Uint8Array, { start, end }: ByteRange): boolean {
  if (wanted?.length !== end - start) return false;
  for (let i = 0; i < wanted.length; i++) if (wanted[i] !== bytes[start + i]) return false;
  return true;
}

/** Whether it is `wanted`, which is in lower case, in whatever case of ASCII letters. */
function isSameButForCase(wanted: Uint8Array, bytes: Uint8Array, { start, end }: ByteRange): boolean {
  if (wanted.length !== end - start) return false;
  for (let i = 0; i < wanted.length; i++) {
    const byte = bytes[start + i] ?? 0;
    if ((byte >= UPPER_A && byte <= UPPER_Z ? byte | CASE_BIT : byte) !== wanted[i]) return false;
  }
  return true;
}

function doubled(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const more = new Uint8Array(bytes.length * 2);
  more.set(bytes);
  return more;
}
