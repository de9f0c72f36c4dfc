/**
 * Regular expressions as llama-swap's configs write them (RE2), made into JavaScript's. What RE2 does not know is refused
 * here, too, so that a config goes on working there; what only RE2 knows is translated, or refused by name.
 *
 * @module
 */

/** POSIX classes inside `[…]`. */
const POSIX: ReadonlyMap<string, string> = new Map([
  ["alnum", "0-9A-Za-z"],
  ["alpha", "A-Za-z"],
  ["ascii", "\\x00-\\x7F"],
  ["blank", "\\t "],
  ["cntrl", "\\x00-\\x1F\\x7F"],
  ["digit", "0-9"],
  ["graph", "!-~"],
  ["lower", "a-z"],
  ["print", " -~"],
  ["punct", "!-\\/:-@\\[-`\\{-~"],
  ["space", "\\t-\\r "],
  ["upper", "A-Z"],
  ["word", "0-9A-Za-z_"],
]);

/** White space is six ASCII characters less the vertical tab in RE2, and all of Unicode's in JavaScript. */
const SPACE = "\\t\\n\\f\\r ";

/** More flags in one group would make a pattern of the square of their number. */
const MAX_FLAGS = 100;

/** Characters that must stay escaped outside of a class. */
const SYNTAX = /[\\^$.*+?()[\]{}|/]/;

/**
 * Compiles an RE2 pattern.
 *
 * @throws {SyntaxError} with the reason, for what is no RE2 pattern or has no translation.
 */
export function compilePattern(pattern: string): RegExp {
  return new RegExp(new Translation(pattern).run(), "u");
}

class Translation {
  readonly #text: string;
  #at = 0;
  #out = "";
  /** For each open group, how the groups begin that its flags have opened inside it. */
  readonly #opened: string[][] = [[]];

  constructor(text: string) {
    this.#text = text;
  }

  run(): string {
    while (this.#at < this.#text.length) this.#step();
    if (this.#opened.length > 1) throw new SyntaxError("missing closing )");
    return this.#out + this.#closeFlags();
  }

  #step(): void {
    const char = this.#text.charAt(this.#at);
    if (char === "\\") this.#out += this.#escape(false);
    else if (char === "[") this.#class();
    else if (char === "(") this.#openGroup();
    else if (char === "|") {
      // Flags hold for the alternatives that follow, too.
      this.#out += `${this.#closeFlags()}|${this.#opened.at(-1)?.join("") ?? ""}`;
      this.#at++;
    } else if (char === ")") {
      if (this.#opened.length === 1) throw new SyntaxError("unexpected )");
      this.#out += this.#closeFlags() + ")";
      this.#opened.pop();
      this.#at++;
    } else if (char === "{" || char === "}" || char === "]") {
      const repeat = this.#match(/\{\d+(?:,\d*)?\}/y)?.[0];
      // A brace that starts no repetition is an ordinary character in RE2.
      this.#out += repeat ?? "\\" + char;
      if (repeat === undefined) this.#at++;
    } else this.#copy();
  }

  #copy(): void {
    const char = String.fromCodePoint(this.#text.codePointAt(this.#at) ?? 0);
    this.#out += char;
    this.#at += char.length;
  }

  /** Matches a sticky expression at the place, and moves behind it. */
  #match(expression: RegExp): RegExpExecArray | null {
    expression.lastIndex = this.#at;
    const match = expression.exec(this.#text);
    if (match !== null) this.#at += match[0].length;
    return match;
  }

  #openGroup(): void {
    const flags = this.#match(/\(\?([a-zA-Z]*)(?:-([a-zA-Z]+))?([:)])/y);
    if (flags !== null) {
      const [, on = "", off = "", end] = flags;
      if (/[^ims]/.test(on + off)) {
        throw new SyntaxError(`the flags of ${flags[0]} have no translation (i, m and s have)`);
      }
      if (on + off === "" && end === ")") throw new SyntaxError("missing argument to (?");
      const begin = on + off === "" ? "(?:" : `(?${on}${off === "" ? "" : "-" + off}:`;
      this.#out += begin;
      if (end === ":") this.#opened.push([]);
      else this.#opened.at(-1)?.push(begin); // (?i) holds until the group around it ends
      if ((this.#opened.at(-1)?.length ?? 0) > MAX_FLAGS) {
        throw new SyntaxError(`more than ${MAX_FLAGS} times flags in one group`);
      }
      return;
    }
    const name = this.#match(/\(\?P?<([A-Za-z_]\w*)>/y)?.[1];
    if (name === undefined && this.#text.startsWith("(?", this.#at)) {
      throw new SyntaxError(
        `${this.#text.slice(this.#at, this.#at + 4)} is not supported: look-around is unknown to RE2`,
      );
    }
    this.#out += name === undefined ? "(" : `(?<${name}>`;
    if (name === undefined) this.#at++;
    this.#opened.push([]);
  }

  #closeFlags(): string {
    return ")".repeat(this.#opened.at(-1)?.length ?? 0);
  }

  #class(): void {
    this.#at++;
    this.#out += this.#match(/\^/y) === null ? "[" : "[^";
    // A closing bracket that comes first is a member.
    if (this.#match(/\]/y) !== null) this.#out += "\\]";
    for (;;) {
      const char = this.#text.charAt(this.#at);
      if (char === "") throw new SyntaxError("missing closing ]");
      const posix = this.#match(/\[:(\^?)(\w+):\]/y);
      if (posix !== null) {
        const members = POSIX.get(posix[2] ?? "");
        if (members === undefined || posix[1] === "^") throw new SyntaxError(`${posix[0]} has no translation`);
        this.#out += members;
      } else if (char === "\\") this.#out += this.#escape(true);
      else if (char === "]") break;
      else if (char === "[") {
        this.#out += "\\[";
        this.#at++;
      } else this.#copy();
    }
    this.#at++;
    this.#out += "]";
  }

  #escape(inClass: boolean): string {
    const quoted = inClass ? null : this.#match(/\\Q([^]*?)(?:\\E|$)/y);
    if (quoted !== null) return (quoted[1] ?? "").replaceAll(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
    const octal = this.#match(/\\(0[0-7]{0,2}|[1-7][0-7]{1,2})/y)?.[1];
    if (octal !== undefined) return `\\u{${Number.parseInt(octal, 8).toString(16)}}`;
    const code = this.#match(/\\x(?:\{([0-9A-Fa-f]+)\}|([0-9A-Fa-f]{2}))/y);
    if (code !== null) return `\\u{${code[1] ?? code[2] ?? "0"}}`;
    const property = this.#match(/\\([pP])(?:\{(\^?)(\w+)\}|([A-Z]))/y);
    if (property !== null) return propertyClass(property);
    const char = String.fromCodePoint(this.#text.codePointAt(this.#at + 1) ?? 0x5c);
    if (this.#at + 1 >= this.#text.length) throw new SyntaxError("trailing backslash");
    this.#at += 1 + char.length;
    if (char === "s") return inClass ? SPACE : `[${SPACE}]`;
    if (char === "S" && !inClass) return `[^${SPACE}]`;
    if (/[dDwWnrtfvS]/.test(char) || (!inClass && /[bB]/.test(char))) return "\\" + char;
    if (char === "a") return "\\x07";
    if (!inClass && char === "A") return "(?<![^])";
    if (!inClass && char === "z") return "(?![^])";
    if (/[A-Za-z0-9]/.test(char)) {
      throw new SyntaxError(`\\${char} is not supported${/[1-9]/.test(char) ? ": RE2 has no back-references" : ""}`);
    }
    return SYNTAX.test(char) || (inClass && char === "-") ? "\\" + char : char;
  }
}

/** `\pL`, `\p{Lu}`, `\p{Greek}`, `\p{^Greek}`. */
function propertyClass([, letter = "p", negated, name, short]: RegExpExecArray): string {
  const value = name ?? short ?? "";
  const positive = (letter === "p") !== (negated === "^");
  return `\\${positive ? "p" : "P"}{${value.length > 2 && value !== "Any" ? "Script=" : ""}${value}}`;
}
