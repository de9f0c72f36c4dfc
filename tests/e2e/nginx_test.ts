/**
 * The documented nginx in front: what it must let through, and what it must end.
 *
 * @module
 */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { clientOf } from "../../src/gateway/client_address.ts";
import { configOf } from "../config/loading.ts";
import { chat, type RunningGateway, startGateway } from "./gateway.ts";
import { documentedConfig, NGINX, type RunningNginx, startNginx } from "./nginx.ts";

/** A test that needs nginx; it says so where there is none. */
function nginxTest(name: string, fn: () => Promise<void>): void {
  const suffix = NGINX === null ? " (skipped: no nginx here; Debian has it as nginx-light)" : "";
  Deno.test({ name: `nginx: ${name}${suffix}`, ignore: NGINX === null, fn });
}

/** A server in the place of the gateway, which shows what nginx makes of a request. */
async function withUpstream(
  answer: (request: Request, info: Deno.ServeHandlerInfo<Deno.NetAddr>) => Response | Promise<Response>,
  act: (upstream: string) => Promise<void>,
): Promise<void> {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, answer);
  await act(`127.0.0.1:${server.addr.port}`);
  await server.shutdown();
}

function clientOfNginx({ certificate }: RunningNginx, { http2 = false } = {}): Deno.HttpClient {
  return Deno.createHttpClient({ caCerts: [certificate], http1: !http2, http2 });
}

function connectTo({ port, certificate }: RunningNginx): Promise<Deno.TlsConn> {
  return Deno.connectTls({ hostname: "localhost", port, caCerts: [certificate] });
}

/** Everything until the other side closes. */
async function readToEnd(conn: Deno.Conn): Promise<string> {
  const decoder = new TextDecoder();
  const buffer = new Uint8Array(65536);
  let text = "";
  for (;;) {
    const count = await conn.read(buffer).catch(() => null);
    if (count === null) return text;
    text += decoder.decode(buffer.subarray(0, count), { stream: true });
  }
}

function write(conn: Deno.Conn, text: string): Promise<number> {
  return conn.write(Uint8Array.from(text, (character) => character.charCodeAt(0)));
}

for (const http2 of [false, true]) {
  nginxTest(`a stream over HTTP/${http2 ? 2 : 1.1} comes piece by piece, each before the next is sent`, async () => {
    const seen = Promise.withResolvers<void>();
    const answer = () => {
      let pieces = 0;
      const body = new ReadableStream<Uint8Array>({
        async pull(controller) {
          if (pieces > 0) await seen.promise;
          if (pieces === 2) return controller.close();
          controller.enqueue(new TextEncoder().encode(`data: ${++pieces}\n\n`));
        },
      }, { highWaterMark: 0 });
      return new Response(body, { headers: { "content-type": "text/event-stream" } });
    };
    await withUpstream(answer, async (upstream) => {
      await using nginx = await startNginx({ upstream });
      using client = clientOfNginx(nginx, { http2 });
      const response = await fetch(nginx.url, { client });
      const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
      assertEquals((await reader?.read())?.value, "data: 1\n\n"); // never comes when nginx waits for more
      seen.resolve();
      assertEquals((await reader?.read())?.value, "data: 2\n\n");
      assertEquals((await reader?.read())?.done, true);
    });
  });
}

nginxTest("a chat is answered and streamed by the gateway behind it, over TCP and over a unix socket", async () => {
  const talk = async (upstream: string) => {
    await using nginx = await startNginx({ upstream });
    using client = clientOfNginx(nginx, { http2: true });
    const body = {
      model: "tiny-quick",
      stream: true,
      max_tokens: 4,
      messages: [{ role: "user", content: "ahoy" }],
    };
    const response = await fetch(`${nginx.url}/v1/chat/completions`, {
      client,
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    const text = await response.text();
    assert(text.endsWith("data: [DONE]\n\n"), text);
  };
  const config = "models:\n  tiny-quick:\n    worker: berth:tiny --name tiny-quick\n";
  await using gateway: RunningGateway = await startGateway({ config });
  await talk(new URL(gateway.url).host);
  const folder = await Deno.makeTempDir({ prefix: "berth-socket-" });
  {
    const path = `${folder}/berth.sock`;
    const args = ["-listen", `unix:${path}`];
    await using _gateway = await startGateway({ config, args, permissions: ["-P", `--allow-write=${path}`] });
    await talk(`unix:${path}`);
  }
  await Deno.remove(folder, { recursive: true });
  assertEquals((await (await chat(gateway.url, "tiny-quick")).json()).model, "tiny-quick");
});

nginxTest("a websocket passes, both ways", async () => {
  const answer = (request: Request) => {
    const { socket, response } = Deno.upgradeWebSocket(request);
    socket.onmessage = ({ data }) => {
      socket.send(`${data} ahoy`);
      socket.close(1000);
    };
    return response;
  };
  await withUpstream(answer, async (upstream) => {
    await using nginx = await startNginx({ upstream });
    using conn = await connectTo(nginx);
    await write(
      conn,
      "GET /v1/realtime HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n" +
        "\x81\x84\0\0\0\0ship" + // a text of 4 bytes, masked with zeros
        "\x88\x82\0\0\0\0\x03\xe8", // closing with 1000, for when the other side does
    );
    const text = await readToEnd(conn);
    assertMatch(text, /^HTTP\/1\.1 101 /);
    assertStringIncludes(text, "ship ahoy");
  });
});

nginxTest("the client's address, scheme and host arrive, and what the client made up of them does not", async () => {
  const trust = configOf("trustProxy: [127.0.0.1]").trustProxy;
  const answer = ({ headers }: Request, { remoteAddr }: Deno.ServeHandlerInfo<Deno.NetAddr>) =>
    Response.json(clientOf(headers, { address: remoteAddr.hostname, isTls: false }, trust));
  await withUpstream(answer, async (upstream) => {
    await using nginx = await startNginx({ upstream });
    const made = ["X-Forwarded-For: 6.6.6.6", "X-Forwarded-Proto: gopher", "X-Forwarded-Host: evil"];
    const { stdout } = await new Deno.Command("curl", {
      // An address of its own tells the client from nginx.
      args: ["-sk", "--interface", "127.0.0.2", ...made.flatMap((header) => ["-H", header]), nginx.url],
    }).output();
    assertEquals(JSON.parse(new TextDecoder().decode(stdout)), {
      address: "127.0.0.2",
      scheme: "https",
      host: "127.0.0.1",
      isProxied: true,
    });
  });
});

nginxTest(
  "who sends half a head, half a body or nothing more is ended, and the gateway hears of none of them",
  async () => {
    let asked = 0;
    const answer = () => {
      asked++;
      return new Response("OK");
    };
    await withUpstream(answer, async (upstream) => {
      const changes = {
        "client_header_timeout 10s;": "client_header_timeout 1s;",
        "client_body_timeout   60s;": "client_body_timeout 1s;",
        "keepalive_timeout     75s;": "keepalive_timeout 1s;",
      };
      await using nginx = await startNginx({ upstream, changes });
      const sent = async (text: string) => {
        using conn = await connectTo(nginx);
        await write(conn, text);
        return await readToEnd(conn);
      };
      const post = "POST / HTTP/1.1\r\nHost: localhost\r\n";
      const [head, body, chunks, idle] = await Promise.all([
        sent(`${post}Content-`),
        sent(`${post}Content-Length: 100\r\n\r\nhalf`),
        sent(`${post}Transfer-Encoding: chunked\r\n\r\n10\r\nhalf`),
        sent("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"),
      ]);
      for (const ended of [head, body, chunks]) assert(ended === "" || /^HTTP\/1\.1 408 /.test(ended), ended);
      assertMatch(idle, /^HTTP\/1\.1 200 /);
      assertEquals(asked, 1, "the whole request alone has come through");
    });
  },
);

nginxTest("the largest body is the same as the gateway's", async () => {
  const documented = /client_max_body_size\s+(\d+)m;/.exec(await documentedConfig())?.[1];
  assertEquals(Number(documented) * 1024 * 1024, configOf("").limits.requestBodyBytes);
  await using gateway = await startGateway({ config: "limits: { requestBody: 1 }\nmodels: {}\n" });
  const changes = { "client_max_body_size  256m;": "client_max_body_size 1m;" };
  await using nginx = await startNginx({ upstream: new URL(gateway.url).host, changes });
  using client = clientOfNginx(nginx);
  const answerTo = async (bytes: number) => {
    const body = `{"model":"m","x":"${"a".repeat(bytes - 20)}"}`;
    assertEquals(body.length, bytes);
    const headers = { "content-type": "application/json" };
    const response = await fetch(`${nginx.url}/v1/chat/completions`, { client, method: "POST", headers, body });
    return [response.status, (await response.text()).includes("nginx")];
  };
  assertEquals(await answerTo(1024 * 1024), [404, false], "the gateway has read it and knows no such model");
  assertEquals(await answerTo(1024 * 1024 + 1), [413, true]);
});
