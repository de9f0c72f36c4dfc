import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { chat, startGateway } from "./gateway.ts";

const FOLDER = new URL("../fixtures/tls/", import.meta.url).pathname;
const OVER_TLS = ["-tls-cert-file", `${FOLDER}cert.pem`, "-tls-key-file", `${FOLDER}key.pem`];
const FAR = "apiKeys: [far-key]\nmodels: {m: {worker: berth:tiny --name m, aliases: [tiny]}}\n";
const near = (url: string) =>
  `apiKeys: [near-key]\npeers: {far: {proxy: "${url}", apiKey: far-key, models: [m]}}\nmodels: {}\n`;

const KEY = { authorization: "Bearer near-key" };

Deno.test("a gateway serves a peer's model over https: with the peer's key, streamed, listed, its authority by DENO_CERT", async () => {
  await using far = await startGateway({ config: FAR, args: OVER_TLS });
  await using gateway = await startGateway({ config: near(far.url), env: { DENO_CERT: `${FOLDER}cert.pem` } });
  const listed = await fetch(`${gateway.url}/v1/models`, { headers: KEY });
  assertEquals((await listed.json()).data.map(({ id }: { id: string }) => id), ["far/m"]);
  for (const model of ["far/m", "m"]) {
    const response = await chat(gateway.url, model, { stream: true, headers: KEY });
    assertEquals([response.status, response.headers.get("x-accel-buffering")], [200, "no"]);
    assertStringIncludes(await response.text(), "data: [DONE]\n\n");
  }
  const refused = await chat(far.url.replace("https:", "http:"), "m").catch(() => null);
  assertEquals(refused, null, "the peer speaks https alone");
});

Deno.test("a peer whose authority nobody trusts is 502: why is in the log alone", async () => {
  await using far = await startGateway({ config: FAR, args: OVER_TLS });
  await using gateway = await startGateway({ config: near(far.url) });
  const response = await chat(gateway.url, "m", { headers: KEY });
  const text = await response.text();
  assertEquals([response.status, JSON.parse(text).error.reason], [502, "backend_unreachable"]);
  assert(!/certificate|Issuer|127\.0\.0\.1/.test(text), text);
  await gateway.logged("invalid peer certificate: UnknownIssuer");
});
