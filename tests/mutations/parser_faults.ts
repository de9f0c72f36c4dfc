/**
 * Faults that a careful person could put into the response parser; the tests must notice each.
 *
 * @module
 */

import type { Fault } from "./faults.ts";

const PARSER = "src/gateway/upstream/response_parser.ts";
const HEAD = "src/gateway/upstream/response_head.ts";
const CHUNKED = "src/gateway/upstream/chunked.ts";
const COLLECTOR = "src/gateway/upstream/text_collector.ts";
const SYNTAX = "src/gateway/upstream/response_syntax.ts";

/** The faults, each with what it lets through. */
export const PARSER_FAULTS: readonly Fault[] = [
  {
    name: "two framings in one head are accepted",
    file: HEAD,
    find: "if (length !== undefined && coding !== undefined)",
    replace: "if (length === coding && coding !== undefined)",
  },
  {
    name: "the last of several lengths counts",
    file: HEAD,
    find: "if (length !== undefined || !LENGTH.test(value))",
    replace: "if (!LENGTH.test(value))",
  },
  {
    name: "any coding that names chunked is chunked",
    file: HEAD,
    find: `value.toLowerCase() !== "chunked"`,
    replace: `!value.toLowerCase().includes("chunked")`,
  },
  {
    name: "chunked is accepted in HTTP/1.0",
    file: HEAD,
    find: ` || !isHttp11) throw malformed("transfer-encoding")`,
    replace: `) throw malformed("transfer-encoding")`,
  },
  {
    name: "a tab is accepted in a framing field",
    file: HEAD,
    find: `if (text.includes("\\t") && TABBED_FRAMING.test(text))`,
    replace: `if (text.includes("\\t:") && TABBED_FRAMING.test(text))`,
  },
  {
    name: "an answer to HEAD has a body",
    file: HEAD,
    find: ` || method === "HEAD"`,
    replace: "",
  },
  {
    name: "a connection is kept behind an answer whose body must not be there",
    file: HEAD,
    find: " && !isContradictory(status, length, coding)",
    replace: "",
  },
  {
    name: "101 is accepted without its Upgrade field",
    file: HEAD,
    find: `!(hasProtocol && options.includes("upgrade"))`,
    replace: `!options.includes("upgrade")`,
  },
  {
    name: "101 is accepted where nobody asked for it",
    file: PARSER,
    find: "if (isUpgrade && !this.#options.mayUpgrade)",
    replace: "if (isUpgrade && this.#options.mayUpgrade === false)",
  },
  {
    name: "the tunnel's first bytes are a view of the read",
    file: PARSER,
    find: "concat([this.#rest ?? new Uint8Array(0), bytes.subarray(at)])",
    replace: "this.#rest === null ? bytes.subarray(at) : concat([this.#rest, bytes.subarray(at)])",
  },
  {
    name: "informational answers without end",
    file: PARSER,
    find: "if (++this.#informational > MAX_INFORMATIONAL)",
    replace: "if (this.#informational > MAX_INFORMATIONAL)",
  },
  {
    name: "bytes behind the message go unnoticed when they come in a later read",
    file: PARSER,
    find: `case "done":\n        this.#finish(bytes, at);`,
    replace: `case "done":`,
  },
  {
    name: "after a fault the parser reads on",
    file: PARSER,
    find: `this.#state = "failed";`,
    replace: "",
  },
  {
    name: "the end of a chunk is not looked at",
    file: CHUNKED,
    find: `if (bytes[at++] !== LF) throw malformed("chunk is longer than its size");`,
    replace: "at++;",
  },
  {
    name: "the second chunk of a read lies over the first",
    file: CHUNKED,
    find: "joinedLength = piece.length;",
    replace: "joinedLength = 0;",
  },
  {
    name: "a chunk size may overflow",
    file: CHUNKED,
    find: "const isWhole = at > from && at - from <= MAX_DIGITS &&",
    replace: "const isWhole = at > from &&",
  },
  {
    name: "a size line that goes on in the next read starts anew",
    file: CHUNKED,
    find: "if (this.#line !== undefined && !this.#line.isEmpty) return this.#readSizeLine(bytes, from);",
    replace: "",
  },
  {
    name: "the room for chunk lines is used up by many good ones",
    file: CHUNKED,
    find: "this.#line.refill();",
    replace: "",
  },
  {
    name: "anything behind a chunk size's semicolon is an extension",
    file: CHUNKED,
    find: `"(?:[^"\\\\]|\\\\.)*"))?)*$/;`,
    replace: `"(?:[^"\\\\]|\\\\.)*"))?)*;?$/;`,
  },
  {
    name: "trailers are not checked",
    file: CHUNKED,
    find: "if (parseFields(text, 0).some(([name]) => FRAMING.has(name)))",
    replace: "if (text.split(':').some((name) => FRAMING.has(name)))",
  },
  {
    name: "framing is accepted in a trailer",
    file: CHUNKED,
    find: `new Set(["content-length", "transfer-encoding"])`,
    replace: "new Set<string>()",
  },
  {
    name: "a bare line feed ends a line",
    file: COLLECTOR,
    find: `!== CR) throw malformed("bare line feed")`,
    replace: `!== CR && lf > from + 1e9) throw malformed("bare line feed")`,
  },
  {
    name: "a line feed at the start of a read is judged by the bytes of this read",
    file: COLLECTOR,
    find: "(lf === from ? this.#lastByte : bytes[lf - 1])",
    replace: "bytes[lf - 1]",
  },
  {
    name: "an unfinished head is kept as a view of the read",
    file: COLLECTOR,
    find: "if (this.#kept === undefined || length > this.#kept.length) {",
    replace: "if (this.#kept === undefined) this.#kept = part;\n    else if (length > this.#kept.length) {",
  },
  {
    name: "a head that is a byte too large is accepted",
    file: COLLECTOR,
    find: "if (this.#budget < 0)",
    replace: "if (this.#budget < -1)",
  },
  {
    name: "a bare carriage return is part of a value",
    file: SYNTAX,
    find: String.raw`|\r(?!\n)/;`,
    replace: "/;",
  },
  {
    name: "space before a colon is part of the name",
    file: SYNTAX,
    find: "if (!TOKEN.test(name))",
    replace: "if (!TOKEN.test(name.trim()))",
  },
  {
    name: "bytes from 0x80 to 0x9f are read as windows-1252",
    file: SYNTAX,
    find: "if (!NOT_ASCII.test(text)) return text;",
    replace: "return text;",
  },
  {
    name: "a no-break space is optional whitespace",
    file: SYNTAX,
    find: "fields.push([name.toLowerCase(), trim(text, colon + 1, end)]);",
    replace: "fields.push([name.toLowerCase(), text.slice(colon + 1, end).trim()]);",
  },
];
