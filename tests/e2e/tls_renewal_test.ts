import { assert, assertEquals, assertExists, assertRejects, assertStringIncludes } from "@std/assert";
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

Deno.test("a request body that is being received when the certificate changes is received to its end", async () => {
  await withGateway(async ({ gateway, put }) => {
    const conn = await connect(gateway.url, [OLD]);
    const body = JSON.stringify({ model: "quick", max_tokens: 2, messages: [{ role: "user", content: "ahoy" }] });
    await write(
      conn,
      "POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\nexpect: 100-continue\r\nconnection: close\r\n" +
        `content-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n`,
    );
    assertStringIncludes(await read(conn), "HTTP/1.1 100 ");
    await write(conn, body.slice(0, 9));
    await put({ key: "other_key.pem", cert: "renewed_cert.pem" });
    gateway.signal("SIGHUP");
    await gateway.logged(IN_USE);
    await write(conn, body.slice(9));
    assertStringIncludes(await read(conn), "HTTP/1.1 200 ");
    conn.close();
    assertEquals(await health(gateway.url, NEW), "OK");
  });
});

Deno.test("whoever connects while the certificate changes, again and again, is answered", async () => {
  await withGateway(async ({ gateway, put }) => {
    let isOver = false;
    let asked = 0;
    const ask = async () => {
      while (!isOver) {
        const conn = await connect(gateway.url, [OLD, NEW]);
        await write(conn, "GET /health HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
        assertStringIncludes(await read(conn), "HTTP/1.1 200 ");
        conn.close();
        asked++;
      }
    };
    const renew = async () => {
      for (let round = 0; round < 10; round++) {
        const [cert, key] = round % 2 === 0 ? ["renewed_cert.pem", "other_key.pem"] : ["cert.pem", "key.pem"];
        const before = asked;
        await put({ cert, key });
        gateway.signal("SIGHUP");
        await until(() => countOf(gateway.log(), IN_USE) === round + 1 && asked > before + 4);
      }
      isOver = true;
    };
    await Promise.all([ask(), ask(), ask(), renew()]);
  });
});

function connect(url: string, caCerts: string[]): Promise<Deno.TlsConn> {
  return Deno.connectTls({ hostname: "localhost", port: Number(new URL(url).port), caCerts });
}

async function write(conn: Deno.Conn, text: string): Promise<void> {
  await conn.write(new TextEncoder().encode(text));
}

async function read(conn: Deno.Conn): Promise<string> {
  const buffer = new Uint8Array(65536);
  return new TextDecoder().decode(buffer.subarray(0, await conn.read(buffer) ?? 0));
}

function countOf(text: string, part: string): number {
  return text.split(part).length - 1;
}

/** Waits for something outside of this process; asking starts a program, so this does not spin. */
async function until(holds: () => boolean): Promise<void> {
  const deadline = performance.now() + 20_000;
  while (!holds()) {
    if (performance.now() > deadline) throw new Error("what was waited for did not happen");
    await new Deno.Command("true").output();
  }
}
