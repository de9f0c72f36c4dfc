/**
 * Reads responses with Node's own HTTP client: a JSON array of cases on stdin, a JSON array of readings on stdout. Strings
 * hold one character per byte.
 */

import http from "node:http";
import process from "node:process";
import { Buffer } from "node:buffer";
import { Duplex } from "node:stream";

const AT_ONCE = 32;

/** Gives the parts once the request has been written, then ends. */
class Wire extends Duplex {
  constructor(parts) {
    super({ autoDestroy: true });
    this.parts = parts;
  }

  _read() {}

  _write(_chunk, _encoding, done) {
    done();
    const parts = this.parts.splice(0);
    if (parts.length === 0) return;
    setImmediate(() => {
      for (const part of parts) if (!this.destroyed && part !== "") this.push(Buffer.from(part, "latin1"));
      if (!this.destroyed) this.push(null);
    });
  }

  setTimeout() {}
  setNoDelay() {}
  setKeepAlive() {}
}

function read({ method, mayUpgrade, parts }) {
  return new Promise((resolve) => {
    let reading = { outcome: "refused", status: 0, statusText: "", headers: [], body: "" };
    const pieces = [];
    const settle = (isWhole, error) => {
      const body = Buffer.concat(pieces).toString("latin1");
      resolve({ ...reading, body, outcome: isWhole ? "whole" : "refused", error });
    };
    const take = (response) => {
      const headers = [];
      for (let at = 0; at < response.rawHeaders.length; at += 2) {
        headers.push([response.rawHeaders[at].toLowerCase(), response.rawHeaders[at + 1]]);
      }
      reading = { ...reading, status: response.statusCode, statusText: response.statusMessage, headers };
    };
    const request = http.request({
      method,
      host: "backend",
      headers: mayUpgrade ? { connection: "Upgrade", upgrade: "websocket" } : {},
      maxHeaderSize: 1024 * 1024,
      createConnection: () => new Wire(parts),
    });
    request.on("response", (response) => {
      take(response);
      response.on("data", (piece) => pieces.push(piece));
      response.on("error", () => {});
      response.on("close", () => settle(response.complete, "incomplete"));
    });
    if (mayUpgrade) {
      request.on("upgrade", (response, socket, head) => {
        take(response);
        pieces.push(head);
        socket.on("data", (piece) => pieces.push(piece));
        socket.on("error", () => {});
        socket.on("close", () => settle(true));
        socket.end();
      });
    }
    let error = "closed";
    request.on("error", (cause) => error = `${cause.code} ${cause.message}`);
    request.on("close", () => reading.status === 0 && settle(false, error));
    request.end();
  });
}

let input = "";
process.stdin.setEncoding("utf8");
for await (const text of process.stdin) input += text;
const cases = JSON.parse(input);
const readings = [];
for (let at = 0; at < cases.length; at += AT_ONCE) {
  readings.push(...await Promise.all(cases.slice(at, at + AT_ONCE).map(read)));
}
process.stdout.write(JSON.stringify(readings));
