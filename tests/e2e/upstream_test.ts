import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { fakeEngine, type RunningGateway, startGateway } from "./gateway.ts";
import { sendRaw } from "./raw_client.ts";

/** What the fake engine tells of a request that it knows no answer for. */
interface Echo {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly model: string;
}

const CONFIG = `
models:
  plain: { cmd: "${fakeEngine("--model plain")}", aliases: [nick], unlisted: true, filters: { stripParams: top_p } }
  team/large/one: { cmd: "${fakeEngine("--model large")}" }
selectors:
  chosen: { strategy: pin, targets: [plain] }
`;

async function echo(gateway: RunningGateway, path: string, init: RequestInit = {}): Promise<Echo> {
  const response = await fetch(gateway.url + path, init);
  assertEquals(response.status, 200, path);
  return await response.json();
}

Deno.test("SV6: below /upstream every method, query and body reaches the backend as it was sent", async () => {
  await using gateway = await startGateway({ config: CONFIG });
  for (const method of ["GET", "POST", "PUT", "PATCH", "DELETE", "PROPFIND", "PURGE", "QUERY"]) {
    const hasBody = !["GET"].includes(method);
    const body = hasBody ? '{"model":"other", "top_p":1,\n"model":2}' : null;
    const headers = { "content-type": "application/json", "x-mine": "yes" };
    const seen = await echo(gateway, "/upstream/plain/any/p%2Fa%20th;v=1/?b=2&a=%7E&b=1", { method, body, headers });
    assertEquals([seen.method, seen.path, seen.query], [method, "/any/p%2Fa%20th;v=1/", "?b=2&a=%7E&b=1"]);
    assertEquals([seen.body, seen.headers["x-mine"]], [body ?? "", "yes"], method);
  }
  const head = await fetch(`${gateway.url}/upstream/plain/there`, { method: "HEAD" });
  assertEquals([head.status, await head.text(), head.headers.has("x-fake-pid")], [200, "", true]);
  const preflight = await fetch(`${gateway.url}/upstream/plain/there`, { method: "OPTIONS" });
  assertEquals([preflight.status, preflight.headers.has("x-fake-pid")], [204, false]);
  await preflight.body?.cancel();
  const bare = (method: string) =>
    sendRaw(gateway.url, `${method} /upstream/plain/t HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n`);
  const [[traced], [connected]] = [await bare("TRACE"), await bare("CONNECT")];
  assertStringIncludes(traced?.text ?? "", '"method":"TRACE","path":"/t"');
  assertEquals(connected?.status, 400, connected?.text);
});

Deno.test("a body of 20 MiB reaches the backend below /upstream, announced or in chunks", async () => {
  await using gateway = await startGateway({ config: CONFIG });
  const big = "0123456789abcde\n".repeat(20 * 65536);
  for (const body of [big, new Blob([big]).stream()]) {
    const seen = await echo(gateway, "/upstream/plain/upload", { method: "PUT", body });
    assert(seen.body === big, `${seen.body.length} characters`);
    const framing = typeof body === "string" ? [String(big.length), undefined] : seen.headers["content-length"];
    assert(framing !== undefined || seen.headers["transfer-encoding"] === "chunked", JSON.stringify(seen.headers));
  }
});

Deno.test("SV5 SV12: aliases, unlisted and slashed names lead below /upstream to their backend, selectors do not", async () => {
  await using gateway = await startGateway({ config: CONFIG });
  for (
    const [path, model, rest] of [
      ["/upstream/nick/a", "plain", "/a"],
      ["/upstream/plain/", "plain", "/"],
      ["/upstream/team/large/one//a//c", "large", "//a//c"],
      ["/upstream/team%2Flarge%2fone/a%2Fb", "large", "/a%2Fb"],
      ["/upstream/team/large/one/%252F", "large", "/%252F"],
    ] as const
  ) {
    const seen = await echo(gateway, path);
    assertEquals([seen.model, seen.path], [model, rest], path);
  }
  const { running } = await (await fetch(`${gateway.url}/running`)).json();
  for (const name of ["chosen", "nobody", "team/large", "", "%E0%A4%A"]) {
    const response = await fetch(`${gateway.url}/upstream/${name}/x`);
    assertEquals([response.status, (await response.json()).error.code], [404, "not_found"], name);
  }
  assertEquals((await (await fetch(`${gateway.url}/running`)).json()).running, running);
});

Deno.test("SV5: a model without a slash behind it is redirected to its root, query kept, and nothing is loaded", async () => {
  await using gateway = await startGateway({ config: CONFIG });
  for (const [method, status] of [["GET", 301], ["HEAD", 301], ["POST", 308], ["DELETE", 308]] as const) {
    for (const name of ["plain", "team/large/one", "team%2Flarge%2Fone"]) {
      const response = await fetch(`${gateway.url}/upstream/${name}?a=1`, { method, redirect: "manual" });
      await response.body?.cancel();
      assertEquals([response.status, response.headers.get("location")], [status, `/upstream/${name}/?a=1`]);
    }
  }
  assertEquals(await (await fetch(`${gateway.url}/running`)).json(), { running: [] });
  const body = "kept";
  assertEquals((await echo(gateway, "/upstream/plain", { method: "POST", body })).body, body);
});

Deno.test("a stream of events comes through /upstream as it is, whatever type its request says", async () => {
  await using gateway = await startGateway({ config: CONFIG });
  const stream = await fetch(`${gateway.url}/upstream/plain/v1/chat/completions`, {
    method: "POST",
    body: JSON.stringify({ stream: true }),
  });
  assertMatch(stream.headers.get("content-type") ?? "", /^text\/event-stream/);
  assertEquals(stream.headers.get("x-accel-buffering"), "no");
  const text = await stream.text();
  assertStringIncludes(text, '"content":"t0 "');
  assert(text.endsWith("data: [DONE]\n\n"), text);
});
