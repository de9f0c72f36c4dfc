import { assertEquals, assertStringIncludes } from "@std/assert";
import { type RawBackend, rawBackend } from "../gateway/raw_backend.ts";
import { surface } from "./surface.ts";

const CONFIG = `
apiKeys:
  - everything
  - { key: asking, scopes: [inference, models] }
  - { key: bound, models: [near, far/one] }
models:
  near:
    cmd: unused --port \${PORT}
peers:
  far:
    proxy: PEER
    apiKey: ours
    models: [one, two]
`;
const OK = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok";
const CHAT = "/upstream/far/one/v1/chat/completions";

for (
  const [key, method, path, body] of [
    ["everything", "POST", "/upstream/far/one/api/models/unload", "{}"],
    ["everything", "POST", CHAT, '{"model":"two"}'],
    ["asking", "POST", CHAT, '{"model":"two"}'],
    ["asking", "GET", "/upstream/one/props", undefined],
    ["bound", "POST", CHAT, '{"model":"one"}'],
    ["bound", "GET", "/upstream/one/props?model=one", undefined],
  ] as const
) {
  Deno.test(`a peer through /upstream, with a key for ${key}: ${method} ${path} ${body ?? ""} goes there as it came`, async () => {
    using peer = rawBackend();
    const asked = ask(peer, { key, method, path, body });
    const socket = await peer.accept();
    const text = await socket.readUntil(body ?? "\r\n\r\n");
    assertStringIncludes(text, `${method} ${path.replace(/^\/upstream\/(?:far\/)?one/, "")} HTTP/1.1\r\n`);
    assertStringIncludes(text, "\r\nauthorization: Bearer ours\r\n");
    await socket.write(OK);
    const response = await asked;
    assertEquals([response.status, await response.text()], [200, "ok"]);
  });
}

for (
  const [key, method, path, body, status] of [
    ["asking", "POST", "/upstream/far/one/api/models/unload", "{}", 403],
    ["asking", "GET", "/upstream/one/logs", undefined, 403],
    ["asking", "GET", "/upstream/one/upstream/two/x", undefined, 403],
    ["asking", "GET", "/upstream/one/", undefined, 403],
    ["bound", "POST", "/upstream/far/one/api/config/reload", "{}", 403],
    ["bound", "POST", CHAT, '{"model":"two"}', 403],
    ["bound", "POST", `${CHAT}?model=two`, "{}", 403],
    ["bound", "POST", CHAT, '{"model":"near"}', 403],
    ["bound", "POST", CHAT, "{}", 400],
    ["bound", "GET", "/upstream/one/props", undefined, 400],
    ["bound", "GET", "/upstream/far/two/props?model=one", undefined, 403],
    ["bound", "GET", "/upstream/one/v1/../api/queue?model=one", undefined, 403],
  ] as const
) {
  Deno.test(`a peer through /upstream, with a key for ${key}: ${method} ${path} ${body ?? ""} is ${status}, and the peer hears nothing`, async () => {
    using peer = rawBackend();
    peer.refuse();
    const response = await ask(peer, { key, method, path, body });
    const { error } = await response.json();
    assertEquals([response.status, error.reason], [status, status === 403 ? "forbidden" : "bad_request"]);
  });
}

interface Asked {
  readonly key: string;
  readonly method: string;
  readonly path: string;
  readonly body: string | undefined;
}

function ask(peer: RawBackend, { key, method, path, body }: Asked): Promise<Response> {
  const { send } = surface(peer, { config: CONFIG.replace("PEER", peer.baseUrl) });
  const length = body === undefined ? [] : [["content-length", String(body.length)] as const];
  return send({
    method,
    target: path,
    headers: [["authorization", `Bearer ${key}`], ["content-type", "application/json"], ...length],
    ...(body === undefined ? {} : { body }),
  });
}
