/**
 * Faults that a careful person could put into websockets; the tests must notice each.
 *
 * @module
 */

import type { Fault } from "./faults.ts";

const FOLDER = "src/gateway/websocket";
const FRAMES = `${FOLDER}/frames.ts`;
const MESSAGES = `${FOLDER}/messages.ts`;
const CODES = `${FOLDER}/close_codes.ts`;
const HANDSHAKE = `${FOLDER}/handshake.ts`;
const BACKEND = `${FOLDER}/backend_socket.ts`;
const CLIENT = `${FOLDER}/client_socket.ts`;
const BRIDGE = `${FOLDER}/bridge.ts`;
const LEASE = `${FOLDER}/socket_lease.ts`;
const SERVE = `${FOLDER}/serve_websocket.ts`;

/** The faults, each with the promise it breaks. */
export const WEBSOCKET_FAULTS: readonly Fault[] = [
  {
    name: "the mask begins anew with each read",
    file: FRAMES,
    find: "mask[(i + piece.length) & 3] ?? 0;",
    replace: "mask[i & 3] ?? 0;",
  },
  {
    name: "a length may be written longer than it needs to be",
    file: FRAMES,
    find: "if (length < (short === TWO_BYTES ? TWO_BYTES : 0x10000))",
    replace: "if (length < 0)",
  },
  {
    name: "what follows a close frame is read",
    file: MESSAGES,
    find: "    this.#frames.stop();\n",
    replace: "",
  },
  {
    name: "the bound is on each frame, not on the message",
    file: MESSAGES,
    find: "this.#payload.length + head.length > ",
    replace: "head.length > ",
  },
  {
    name: "a message may begin inside another",
    file: MESSAGES,
    find: "if (isContinued !== (this.#message !== null)) {",
    replace: "if (isContinued && this.#message === null) {",
  },
  {
    name: "a close code that only an API has may be sent",
    file: CODES,
    find: "(code >= 1007 && code <= 1014)",
    replace: "(code >= 1005 && code <= 1014)",
  },
  {
    name: "any answer to the key will do",
    file: HANDSHAKE,
    find: "accepts.length !== 1 || accepts[0] !== await acceptOf(key)",
    replace: "accepts.length !== 1 || (await acceptOf(key)).length !== accepts[0]?.length",
  },
  {
    name: "extensions that only the client knows are offered to the backend",
    file: HANDSHAKE,
    find: '  "sec-websocket-extensions",\n',
    replace: "",
  },
  {
    name: "a backend that never answers a close keeps its connection",
    file: BACKEND,
    find: "this.#cancelTimeout = this.#options.clock.after(CLOSE_TIMEOUT_MS, () => this.cut());",
    replace: "",
  },
  {
    name: "empty messages cost nothing",
    file: BACKEND,
    find: "return payload.length + MESSAGE_COST_BYTES;",
    replace: "return payload.length;",
  },
  {
    name: "reading goes on while the client takes nothing",
    file: CLIENT,
    find: "if (this.#socket.bufferedAmount <= this.#maxWaitingBytes / 2) this.letGo();",
    replace: "this.letGo();",
  },
  {
    name: "what waits for the lease is not counted",
    file: BRIDGE,
    find: "const waiting = this.#waitingBytes + this.#backend.unsentBytes;",
    replace: "const waiting = this.#backend.unsentBytes;",
  },
  {
    name: "messages of the backend do not count as use",
    file: BRIDGE,
    find: "    this.#lease?.touch();\n    this.#client.send(message);",
    replace: "    this.#client.send(message);",
  },
  {
    name: "the news that a process is being stopped is not waited for",
    file: BRIDGE,
    find: "return this.#setDeadline(EXIT_NEWS_MS, () => {",
    replace: "return this.#setDeadline(0, () => {",
  },
  {
    name: "the end of a websocket does not give its lease back",
    file: BRIDGE,
    find: "    this.#lease?.end();\n",
    replace: "",
  },
  {
    name: "a lease is asked for while its process is being stopped",
    file: LEASE,
    find: " && !this.#options.leaving.aborted) this.#ask();",
    replace: ") this.#ask();",
  },
  {
    name: "the wait for a lease goes on when its process is stopped",
    file: LEASE,
    find: '    options.leaving.addEventListener("abort", this.#onLeaving);\n',
    replace: "",
  },
  {
    name: "a lease that is granted too late is kept",
    file: LEASE,
    find: "if (asking.signal.aborted) return lease.release();",
    replace: "if (asking.signal.aborted) return;",
  },
  {
    name: "a message does not move the end of the idle time",
    file: LEASE,
    find: "    this.#lastMs = this.#options.clock.now();\n    if (this.#held !== null) return true;",
    replace: "    if (this.#held !== null) return true;",
  },
  {
    name: "a client that leaves while its websocket is opened leaves the backend's open",
    file: SERVE,
    find: '  signal.addEventListener("abort", onClientLeft);\n',
    replace: "",
  },
];
