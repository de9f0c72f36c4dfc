import { assertEquals } from "@std/assert";
import { systemClock } from "../../src/clock.ts";
import { silentLog } from "../../src/log.ts";
import { proxy } from "../../src/gateway/proxy.ts";
import { rawBackend } from "./raw_backend.ts";

// What the runtime's server makes of an answer is seen on the wire only.

for (
  const [name, method, answer, expected] of [
    ["a 205, which the runtime would leave without an end, becomes a 204", "POST", "205 Reset\r\ncontent-length: 0", {
      status: "204",
      length: null,
    }],
    ["HEAD: a length that the backend tells", "HEAD", "200 OK\r\ncontent-length: 99", { status: "200", length: "99" }],
    ["HEAD: none where it tells none", "HEAD", "200 OK\r\ntransfer-encoding: chunked", { status: "200", length: null }],
    ["an empty answer", "POST", "200 OK\r\ncontent-length: 0", { status: "200", length: "0" }],
  ] as const
) {
  Deno.test(`on the wire: ${name}`, async () => {
    using backend = rawBackend();
    await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) =>
      proxy({
        method: request.method,
        signal: request.signal,
        lease: { onInterrupt() {}, release() {} },
        client: backend.client,
        path: "/",
        body: null,
        headers: [],
        dialect: "openai",
        bounds: { bufferBytes: 1024, stalledMs: null },
        clock: systemClock,
        log: silentLog,
      }));
    using client = await Deno.connect({ hostname: "127.0.0.1", port: server.addr.port });
    const get = `${method} / HTTP/1.1\r\nhost: x\r\n${method === "POST" ? "content-length: 0\r\n" : ""}\r\n`;
    await client.write(new TextEncoder().encode(get));
    const socket = await backend.accept();
    await socket.readUntil("\r\n\r\n");
    await socket.write(`HTTP/1.1 ${answer}\r\n\r\n`);
    const buffer = new Uint8Array(4096);
    const head = new TextDecoder().decode(buffer.subarray(0, await client.read(buffer) ?? 0));
    const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? null;
    assertEquals({ status: head.split(" ")[1], length }, expected);
  });
}
