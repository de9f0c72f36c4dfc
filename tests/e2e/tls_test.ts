import { assert, assertEquals, assertExists, assertRejects, assertStringIncludes } from "@std/assert";
import { freePort } from "../fakes/free_port.ts";
import { waitForEvent } from "./event_reader.ts";
import { fakeEngine, startGateway } from "./gateway.ts";

const FOLDER = new URL("../fixtures/tls/", import.meta.url).pathname;

function tlsArgs(cert: string, key: string): readonly string[] {
  return ["-tls-cert-file", FOLDER + cert, "-tls-key-file", FOLDER + key];
}

for (const version of ["HTTP/1.1", "HTTP/2"]) {
  Deno.test(`with a certificate and its key the gateway serves and streams https, over ${version}`, async () => {
    await using gateway = await startGateway({ args: tlsArgs("cert.pem", "key.pem") });
    assert(gateway.url.startsWith("https://"), gateway.url);
    using client = Deno.createHttpClient({
      caCerts: [await Deno.readTextFile(`${FOLDER}cert.pem`)],
      http1: version === "HTTP/1.1",
      http2: version === "HTTP/2",
    });
    const response = await fetch(`${gateway.url}/v1/chat/completions`, {
      client,
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({
        model: "tiny-quick",
        stream: true,
        max_tokens: 5,
        messages: [{ role: "user", content: "ahoy" }],
      }),
    });
    assertEquals(response.status, 200);
    assertStringIncludes(await response.text(), "data: [DONE]\n\n");
    const health = await fetch(`${gateway.url}/health`, { client });
    assertEquals(await health.text(), "OK");
  });
}

Deno.test("a client that leaves in mid-stream over https is noticed by the backend", async () => {
  const events = await Deno.makeTempFile();
  await using gateway = await startGateway({
    config: `models:\n  a:\n    cmd: ${fakeEngine(`--model a --events ${events} --tokens 3 --token-ms 20000`)}\n`,
    args: tlsArgs("cert.pem", "key.pem"),
  });
  using client = Deno.createHttpClient({ caCerts: [await Deno.readTextFile(`${FOLDER}cert.pem`)], http2: false });
  const leaving = new AbortController();
  const response = await fetch(`${gateway.url}/v1/chat/completions`, {
    client,
    signal: leaving.signal,
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ model: "a", stream: true, messages: [{ role: "user", content: "ahoy" }] }),
  });
  assertEquals(response.status, 200);
  leaving.abort();
  await assertRejects(() => response.text());
  await waitForEvent(events, ({ event }) => event === "client-left");
  await Deno.remove(events);
});

Deno.test("berth permissions prints what https needs, and with just that it serves", async () => {
  const tls = tlsArgs("cert.pem", "key.pem");
  const listen = ["-listen", `127.0.0.1:${freePort()}`];
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-P", "main.ts", "permissions", ...listen, ...tls],
    cwd: new URL("../../", import.meta.url).pathname,
  }).output();
  const flags = /^deno run (.*) \S+\/main\.ts /.exec(new TextDecoder().decode(stdout))?.[1]?.split(" ");
  assertExists(flags);
  await using gateway = await startGateway({ args: [...listen, ...tls], permissions: flags });
  using client = Deno.createHttpClient({ caCerts: [await Deno.readTextFile(`${FOLDER}cert.pem`)] });
  assertEquals(await (await fetch(`${gateway.url}/health`, { client })).text(), "OK");
});

for (
  const [what, cert, key, says] of [
    ["a key of another certificate", "cert.pem", "other_key.pem", "KeyMismatch"],
    ["a certificate file without a certificate", "key.pem", "key.pem", "key.pem holds no certificate in PEM form"],
    ["a key file without a key", "cert.pem", "cert.pem", "cert.pem holds no private key in PEM form"],
    ["a file that is not there", "cert.pem", "nowhere.pem", "nowhere.pem: "],
  ] as const
) {
  Deno.test(`${what} ends the program with one clear line`, async () => {
    const error = await assertRejects(() => startGateway({ args: tlsArgs(cert, key) }), Error);
    const lines = error.message.split("\n").filter((line) => line.startsWith("[ERROR]"));
    assertEquals(lines.length, 1, error.message);
    assertStringIncludes(lines[0] ?? "", says);
  });
}
