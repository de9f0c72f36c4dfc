import { assert, assertEquals } from "@std/assert";
import { backendSpecs } from "../src/backend/specs.ts";
import { loadConfig } from "../src/config/load.ts";
import { silentLog } from "../src/log.ts";
import { createWorker, type Worker } from "../src/worker.ts";
import { freePort } from "./fakes/free_port.ts";
import { rawBackend } from "./gateway/raw_backend.ts";

/** A whole gateway over a socket, whose config may name its own port. */
interface Gateway extends AsyncDisposable {
  readonly url: string;
  /** Puts a config in force; to be done before the first request. */
  configure(text: string): void;
}

function listen(): Gateway {
  let worker: Worker | undefined;
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request, info) => {
    assert(worker);
    return worker.fetch(request, info);
  });
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    configure(text) {
      const texts = [{ text: `startPort: ${freePort()}\n${text}`, file: "c.yaml" }];
      const { config } = loadConfig({ texts, env: () => undefined });
      worker = createWorker({ config, specs: backendSpecs(config), log: silentLog });
    },
    async [Symbol.asyncDispose]() {
      await worker?.close({ graceMs: 0 });
      await server.shutdown();
    },
  };
}

const peer = (id: string, url: string) => `peers: {${id}: {proxy: "${url}", models: [m]}}\n`;

async function chat(url: string, model: string): Promise<{ readonly status: number; readonly reason: string }> {
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ model, messages: [] }),
  });
  const { error } = await response.json();
  return { status: response.status, reason: error.reason };
}

Deno.test("two whole gateways that point at each other: the client gets 508, and neither hangs", async () => {
  await using one = listen();
  await using other = listen();
  one.configure(peer("b", other.url));
  other.configure(peer("a", one.url));
  for (const model of ["m", "b/m", "m"]) assertEquals(await chat(one.url, model), { status: 508, reason: "loop" });
});

Deno.test("a peer that is the gateway itself, and a backend that asks it again, are loops too: nothing waits for itself", async () => {
  await using gateway = listen();
  const relay = new URL("fakes/relay.ts", import.meta.url).pathname;
  gateway.configure(
    peer("me", gateway.url) +
      `models: {self: {worker: "${relay} ${gateway.url}", permissions: {net: [127.0.0.1]}}}\n`,
  );
  for (const model of ["m", "self", "self"]) {
    assertEquals(await chat(gateway.url, model), { status: 508, reason: "loop" }, model);
  }
});

Deno.test("RP4: a peer is asked for its own name of the model, and the answer is the client's", async () => {
  using far = rawBackend();
  await using gateway = listen();
  gateway.configure(peer("far", far.baseUrl));
  for (const model of ["far/m", "m"]) {
    const answer = chat(gateway.url, model);
    const socket = await far.accept();
    const text = await socket.readUntil('"messages":[]}');
    assert(text.endsWith('{"model":"m","messages":[]}'), text);
    const body = '{"error":{"reason":"theirs"}}';
    await socket.write(
      `HTTP/1.1 429 Later\r\nconnection: close\r\nretry-after: 3\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    );
    assertEquals(await answer, { status: 429, reason: "theirs" });
  }
});

Deno.test("a peer that is down: 502, its name in the message, and no address", async () => {
  using far = rawBackend();
  await using gateway = listen();
  gateway.configure(peer("far", far.baseUrl));
  far.refuse();
  const response = await fetch(`${gateway.url}/v1/messages`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: '{"model":"m","messages":[],"max_tokens":1}',
  });
  const { type, error } = await response.json();
  assertEquals([response.status, type, error], [502, "error", {
    type: "api_error",
    message: 'peer proxy error: peer "far" cannot be reached',
  }]);
});
