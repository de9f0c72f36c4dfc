/**
 * A real HTTP server, Node's, that answers as each request's `x-answer` header asks: see `NodeAnswer` in `node_server.ts`.
 */

import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createServer as createTlsServer } from "node:https";
import process from "node:process";

const [, , certFile, keyFile] = process.argv;
const listen = certFile === undefined
  ? createServer
  : (answer) => createTlsServer({ cert: readFileSync(certFile), key: readFileSync(keyFile) }, answer);

const server = listen(async (request, response) => {
  const asked = JSON.parse(request.headers["x-answer"] ?? "{}");
  const pieces = [];
  try {
    for await (const piece of request) pieces.push(piece);
  } catch {
    return; // the client left
  }
  const body = Buffer.concat(pieces);
  response.on("error", () => {});
  // Before a response has its socket, Node puts its head before what was written earlier: a hint would end up in the body.
  if (response.socket === null) {
    await new Promise((resolve) => response.once("socket", resolve).once("close", resolve));
  }
  for (let left = asked.hints ?? 0; left > 0; left--) {
    if (left % 2 === 0) response.writeProcessing();
    else response.writeEarlyHints({ link: "</a>; rel=preload" });
  }
  response.setMaxListeners(0);
  response.sendDate = false;
  response.statusCode = asked.status ?? 200;
  response.setHeader("x-method", request.method);
  response.setHeader("x-echo", request.headers["x-echo"] ?? "");
  response.setHeader("x-framing", request.headers["transfer-encoding"] ?? request.headers["content-length"] ?? "none");
  response.setHeader("set-cookie", ["a=1", "b=2"]);
  switch (asked.framing) {
    case "length":
      response.setHeader("content-length", body.length);
      response.end(body);
      break;
    case "close":
      // HTTP/1.0 style: the end of the connection is the end of the body
      response.useChunkedEncodingByDefault = false;
      response.setHeader("connection", "close");
      response.write(body.subarray(0, 10));
      response.end(body.subarray(10));
      break;
    default: {
      const hasTrailers = asked.trailers && request.method !== "HEAD" && ![204, 304].includes(asked.status);
      if (hasTrailers) response.setHeader("trailer", "x-sum");
      let at = 0;
      for (let n = 0; at < body.length; n++) {
        const size = asked.chunks[n % asked.chunks.length];
        const isTaken = response.write(body.subarray(at, at + size));
        if (!isTaken && !response.destroyed) {
          await new Promise((resolve) => response.once("drain", resolve).once("close", resolve));
        }
        at += size;
      }
      if (hasTrailers) response.addTrailers({ "x-sum": String(body.length) });
      response.end();
    }
  }
});
server.keepAliveTimeout = 0;
server.listen(0, "127.0.0.1", () => process.stdout.write(`${server.address().port}\n`));
process.stdin.on("end", () => process.exit(0)).resume();
