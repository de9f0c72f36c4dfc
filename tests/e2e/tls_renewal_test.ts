import { assert, assertEquals, assertExists, assertFalse, assertRejects, assertStringIncludes } from "@std/assert";
import { type RunningGateway, startGateway } from "./gateway.ts";

const FIXTURES = new URL("../fixtures/tls/", import.meta.url).pathname;
const OLD = await Deno.readTextFile(`${FIXTURES}cert.pem`);
const NEW = await Deno.readTextFile(`${FIXTURES}renewed_cert.pem`);

const CONFIG = `models:
  quick:
    worker: berth:tiny --name quick
  slow:
    worker: berth:tiny --name slow --tokens-per-second 20
`;

interface Scene {
  readonly gateway: RunningGateway;
  /** Puts fixtures in the place of the gateway's files. */
  put(files: { readonly cert?: string; readonly key?: string }): Promise<void>;
}

/** A gateway with a certificate of its own folder. */
async function withGateway(act: (scene: Scene) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "berth-tls-" });
  const put = async (files: { readonly cert?: string; readonly key?: string }) => {
    for (const [name, fixture] of Object.entries(files)) {
      await Deno.copyFile(FIXTURES + fixture, `${folder}/next`);
      await Deno.rename(`${folder}/next`, `${folder}/${name}.pem`);
    }
  };
  await put({ cert: "cert.pem", key: "key.pem" });
  {
    const args = ["-tls-cert-file", `${folder}/cert.pem`, "-tls-key-file", `${folder}/key.pem`];
    await using gateway = await startGateway({ config: CONFIG, args });
    await act({ gateway, put });
  }
  await Deno.remove(folder, { recursive: true });
}

/** Asks over a connection of its own, trusting one certificate alone. */
async function health(url: string, cert: string): Promise<string> {
  using client = Deno.createHttpClient({ caCerts: [cert] });
  return await (await fetch(`${url}/health`, { client })).text();
}

const IN_USE = "The new certificate is in use";

Deno.test("a renewed certificate is taken up at SIGHUP, and a stream from before goes on to its end", async () => {
  await withGateway(async ({ gateway, put }) => {
    using client = Deno.createHttpClient({ caCerts: [OLD], http2: false });
    const response = await fetch(`${gateway.url}/v1/chat/completions`, {
      client,
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({
        model: "slow",
        stream: true,
        max_tokens: 60,
        messages: [{ role: "user", content: "ahoy" }],
      }),
    });
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    assertExists(reader);
    assertStringIncludes((await reader.read()).value ?? "", "data: ");
    await put({ key: "other_key.pem", cert: "renewed_cert.pem" });
    gateway.signal("SIGHUP");
    await gateway.logged(IN_USE);
    using renewed = Deno.createHttpClient({ caCerts: [NEW] });
    const queue = await (await fetch(`${gateway.url}/api/queue`, { client: renewed })).json();
    assertEquals(queue.active.length, 1, "the stream goes on");
    await assertRejects(() => health(gateway.url, OLD), TypeError);
    let rest = "";
    for (let read = await reader.read(); !read.done; read = await reader.read()) rest += read.value;
    assert(rest.endsWith("data: [DONE]\n\n"), rest);
  });
});

Deno.test("files of a certificate are watched: a renewed one is taken up without a signal", async () => {
  await withGateway(async ({ gateway, put }) => {
    await put({ key: "other_key.pem", cert: "renewed_cert.pem" });
    await gateway.logged(IN_USE);
    assertEquals(await health(gateway.url, NEW), "OK");
  });
});

for (
  const [what, files, says] of [
    ["a certificate whose key has not come yet", { cert: "renewed_cert.pem" }, "KeyMismatch"],
    ["a file that holds no certificate", { cert: "README.md" }, "holds no certificate in PEM form"],
  ] as const
) {
  Deno.test(`${what} is told in the log, and the pair from before stays in use`, async () => {
    await withGateway(async ({ gateway, put }) => {
      await put(files);
      gateway.signal("SIGHUP");
      await gateway.logged("The certificate from before stays in use");
      assertStringIncludes(gateway.log(), says);
      assertEquals(await health(gateway.url, OLD), "OK");
      await put({ cert: "renewed_cert.pem", key: "other_key.pem" });
      gateway.signal("SIGHUP");
      await gateway.logged(IN_USE);
      assertEquals(await health(gateway.url, NEW), "OK");
    });
  });
}

Deno.test("a renewal waits for a request body that is being received", async () => {
  await withGateway(async ({ gateway, put }) => {
    const { port } = new URL(gateway.url);
    const conn = await Deno.connectTls({ hostname: "localhost", port: Number(port), caCerts: [OLD] });
    const body = JSON.stringify({ model: "quick", max_tokens: 2, messages: [{ role: "user", content: "ahoy" }] });
    const write = (text: string) => conn.write(new TextEncoder().encode(text));
    const read = async () => {
      const buffer = new Uint8Array(65536);
      return new TextDecoder().decode(buffer.subarray(0, await conn.read(buffer) ?? 0));
    };
    await write(
      "POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\nexpect: 100-continue\r\nconnection: close\r\n" +
        `content-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n`,
    );
    assertStringIncludes(await read(), "HTTP/1.1 100 ");
    await write(body.slice(0, 9));
    await put({ key: "other_key.pem", cert: "renewed_cert.pem" });
    gateway.signal("SIGHUP");
    await gateway.logged("as soon as no request is being received");
    assertFalse(gateway.log().includes(IN_USE));
    await write(body.slice(9));
    assertStringIncludes(await read(), "HTTP/1.1 200 ");
    conn.close();
    await gateway.logged(IN_USE);
    assert((await health(gateway.url, NEW)) === "OK");
  });
});
