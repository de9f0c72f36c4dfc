/**
 * Faults that a careful person could put into the way in of a request; the tests must notice each.
 *
 * @module
 */

import type { Fault } from "./faults.ts";

const FOLDER = "src/gateway/request";

/** The faults, each with the promise it breaks. */
export const REQUEST_FAULTS: readonly Fault[] = [
  {
    name: "a boundary that is cut by the end of a piece is not seen",
    file: `${FOLDER}/multipart_scanner.ts`,
    find: "bytes.subarray(0, length + 1)]);",
    replace: "bytes.subarray(0, length - 2)]);",
  },
  {
    name: "a boundary in the middle of a line ends a part",
    file: `${FOLDER}/multipart_scanner.ts`,
    find: "encode(`\\n--${boundary}`)",
    replace: "encode(`--${boundary}`)",
  },
  {
    name: "a line that ends with LF alone begins a boundary for us and for nobody else",
    file: `${FOLDER}/multipart_scanner.ts`,
    find: "if (bytes[lineEnd - 1] === CR) return lineEnd + 1;",
    replace: "if (lineEnd > 0) return lineEnd + 1;",
  },
  {
    name: "a search that steps too far",
    file: `${FOLDER}/byte_finder.ts`,
    find: "for (let i = 0; i < last; i++) this.#steps[needle[i] ?? 0] = last - i;",
    replace: "for (let i = last; i-- > 0;) this.#steps[needle[i] ?? 0] = last - i;",
  },
  {
    name: "text behind the last boundary is passed over",
    file: `${FOLDER}/multipart_scanner.ts`,
    find: 'else if (!isPadding || before !== "--") throw',
    replace: 'else if (!isPadding && before !== "--") throw',
  },
  {
    name: "a form may break off",
    file: `${FOLDER}/multipart_scanner.ts`,
    find: 'if (this.#place === "behind" ||',
    replace: 'if (this.#parts > 0 || this.#place === "behind" ||',
  },
  {
    name: "the content of a long field is kept without end",
    file: `${FOLDER}/multipart_scanner.ts`,
    find: "+ this.#markLength + CRLF.length) throw",
    replace: "+ Infinity) throw",
  },
  {
    name: "a file called model names the model",
    file: `${FOLDER}/part_head.ts`,
    find: 'name === "filename" ||',
    replace: 'name === "file" ||',
  },
  {
    name: "a name that only some readers take for model is taken",
    file: `${FOLDER}/part_head.ts`,
    find: 'name.raw !== "model")',
    replace: 'name.raw === "")',
  },
  {
    name: "two models are taken for one",
    file: `${FOLDER}/body_names.ts`,
    find: "if (places.length > 1) {",
    replace: "if (places.length > 2) {",
  },
  {
    name: "a name may end its own part of a form",
    file: `${FOLDER}/body_names.ts`,
    find: "|| model.startsWith(`--${boundary}`)",
    replace: "|| model.startsWith(`${boundary}--`)",
  },
  {
    name: "body and query may contradict each other",
    file: `${FOLDER}/named_request.ts`,
    find: "if (query.model !== null && query.model !== model) {",
    replace: "if (query.model !== null && body.model === null && query.model !== model) {",
  },
  {
    name: "the query keeps the old name",
    file: `${FOLDER}/named_request.ts`,
    find: "this.query = query.withModel(model);",
    replace: "this.query = body.modelAt === null ? query.withModel(model) : query.text;",
  },
  {
    name: "JSON under another type goes on under that type",
    file: `${FOLDER}/named_request.ts`,
    find: 'body.isJson && kind.kind !== "json" ?',
    replace: 'body.isJson && kind.kind === "multipart" ?',
  },
  {
    name: "a refused body keeps its memory",
    file: `${FOLDER}/named_request.ts`,
    find: "    held?.drop();\n",
    replace: "",
  },
  {
    name: "a body that breaks off keeps its memory",
    file: `${FOLDER}/receive.ts`,
    find: "      memory.give(this.#taken);\n",
    replace: "",
  },
  {
    name: "memory is taken for what is announced",
    file: `${FOLDER}/receive.ts`,
    find: "const larger = Math.min(Math.max(size * growth, FIRST_BYTES), size + left);",
    replace: "const larger = size + left;",
  },
  {
    name: "a body may be larger than the bound by a piece",
    file: `${FOLDER}/receive.ts`,
    find: "if (this.#length > maxBytes) throw tooLarge(maxBytes);",
    replace: "if (this.#length - count > maxBytes) throw tooLarge(maxBytes);",
  },
  {
    name: "the deadline holds for the first piece alone",
    file: `${FOLDER}/receive.ts`,
    find: "      failure = tooSlow(deadlineMs);\n",
    replace: "      if (this.#length === 0) failure = tooSlow(deadlineMs);\n      else return;\n",
  },
  {
    name: "a timer is made for every small body",
    file: `${FOLDER}/receive.ts`,
    find: "const TURNS_WITHOUT_TIMER = 4;",
    replace: "const TURNS_WITHOUT_TIMER = 0;",
  },
  {
    name: "a timer outlives its body",
    file: `${FOLDER}/receive.ts`,
    find: "      cancelTimer?.();\n",
    replace: "",
  },
  {
    name: "pieces stay until the whole body has gone",
    file: `${FOLDER}/held_body.ts`,
    find: "if (sent !== null) this.#letGo(sent);",
    replace: "if (sent !== null && next === segments.length) this.#letGo(sent);",
  },
  {
    name: "memory is given back twice",
    file: `${FOLDER}/held_body.ts`,
    find: "    this.#taken = 0;\n  }\n\n  /** Whoever reads",
    replace: "  }\n\n  /** Whoever reads",
  },
  {
    name: "a stream that nobody wanted has let go of the body",
    file: `${FOLDER}/held_body.ts`,
    find: "    }, { highWaterMark: 0 });",
    replace: "    }, { highWaterMark: 1 });",
  },
  {
    name: "only the first of two equal keys is changed",
    file: `${FOLDER}/json_edit.ts`,
    find: "const change = plan.get(member.key);",
    replace: "const change = missing.get(member.key);",
  },
  {
    name: "a comma is left before the first member",
    file: `${FOLDER}/json_edit.ts`,
    find: "if (removedFrom !== null) edits.push({ start: removedFrom, end: member.start, bytes: NOTHING });",
    replace: "if (removedFrom !== null) edits.push({ start: removedFrom, end: removedFrom, bytes: NOTHING });",
  },
  {
    name: "a filter reaches below the model",
    file: `${FOLDER}/filter_plan.ts`,
    find: "if (keys[0] === PROTECTED) return;",
    replace: "if (keys[0] === PROTECTED && keys.length === 1) return;",
  },
  {
    name: "a quote behind two backslashes does not end a text",
    file: `${FOLDER}/json_members.ts`,
    find: "if ((quote - before) % 2 === 0) return quote + 1;",
    replace: "if (quote === before) return quote + 1;",
  },
  {
    name: "an escaped key is not the key",
    file: `${FOLDER}/parameters.ts`,
    find: "if (key.includes(PERCENT)) return decoded(key) === name;",
    replace: "",
  },
];
