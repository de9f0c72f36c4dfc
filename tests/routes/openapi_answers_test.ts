import { assert, assertEquals, assertExists } from "@std/assert";
import { checkOf, DOCUMENTED } from "./document.ts";
import { type Gateway, gateway, modelsYaml, settled } from "./gateway.ts";

const CONFIG = `
includeAliasesInList: true
${
  modelsYaml({
    a: `aliases: [an-a], name: A, description: The first, ttl: 60, metadata: { family: x }, capabilities: { in: [text, image],
    out: [text], tools: true, context: 4096 }`,
    b: "capabilities: { reranker: true }",
    c: "",
  })
}
peers:
  far: { proxy: "http://127.0.0.1:1", models: [x] }
selectors:
  one: { strategy: warm, targets: [a, b], name: One }
profiles:
  day: { description: By day, pins: { fast: a, slow: null } }
`;

/** Each operation of the gateway's own as it is asked here; `in-flight` and `waiting` stand for ids. */
const ASKED: readonly (readonly [string, string, string?])[] = [
  ["GET", "/health"],
  ["GET", "/wol-health"],
  ["GET", "/openapi.json"],
  ["GET", "/api/version"],
  ["GET", "/v1/models"],
  ["GET", "/models"],
  ["GET", "/v1/models/a"],
  ["GET", "/v1/models/an-a"],
  ["GET", "/models/far/x"],
  ["GET", "/models/one"],
  ["GET", "/api/profiles"],
  ["PUT", "/api/profiles/active", '{"name":"day"}'],
  ["GET", "/v1/models"],
  ["GET", "/models/fast"],
  ["GET", "/api/profiles"],
  ["PUT", "/api/profiles/active", '{"name":null}'],
  ["GET", "/running"],
  ["GET", "/api/queue"],
  ["GET", "/api/queue?limit=1&after=waiting"],
  ["GET", "/api/inflight"],
  ["GET", "/api/inflight?model=b"],
  ["GET", "/api/inflight/in-flight"],
  ["GET", "/api/inflight/waiting"],
  ["GET", "/logs"],
  ["GET", "/logs/stream?no-follow"],
  ["GET", "/logs/stream/a?no-follow"],
  ["GET", "/api/events"],
  ["GET", "/api/config"],
  ["POST", "/api/config/reload"],
  ["DELETE", "/api/queue/waiting"],
  ["POST", "/api/inflight/in-flight/cancel"],
  ["POST", "/api/models/unload/a"],
  ["POST", "/api/models/unload"],
  ["GET", "/unload"],
];

Deno.test("every answer of the gateway's own operations is what the document says, and has no member more", async () => {
  await using berth = gateway(CONFIG, { answer: () => new Promise<string>(() => {}) });
  const served = berth.post("/v1/chat/completions", { model: "an-a", stream: true });
  await settled();
  const waiting = [berth.post("/v1/completions", { model: "b" }), berth.post("/v1/completions", { model: "one" })];
  await settled();
  const [first, second] = await requestIds(berth);
  const fill = (path: string) => path.replace("in-flight", first ?? "").replace("waiting", second ?? "");
  const done = new Set<string>();
  for (const [method, target, body] of ASKED) {
    const response = await berth.send({
      method,
      target: fill(target),
      ...(body === undefined ? {} : { body, headers: [["content-length", String(body.length)]] }),
    });
    done.add(await assertDocumented(method, target, response));
    await settled();
  }
  const own = DOCUMENTED.filter(({ node }) => node.tags[0] === "gateway");
  assertEquals(own.map(({ node }) => node.operationId).filter((id) => !done.has(id)), []);
  for (const answer of [served, ...waiting]) await (await answer).body?.cancel();
});

Deno.test("the answers are also those of an empty gateway", async () => {
  await using berth = gateway("models: {}\n");
  for (const target of ["/v1/models", "/api/profiles", "/running", "/api/queue", "/api/inflight", "/api/config"]) {
    await assertDocumented("GET", target, await berth.get(target));
  }
});

/** Looks at one answer, and returns its operation. */
async function assertDocumented(method: string, target: string, response: Response): Promise<string> {
  const path = target.split("?")[0] ?? "";
  const operation = DOCUMENTED.find((one) => one.method === method && one.path === path) ??
    DOCUMENTED.find((one) => one.method === method && fits(one.path, path));
  assertExists(operation, target);
  const documented = operation.node.responses[String(response.status)];
  assertExists(documented?.content, `${target} gave ${response.status}`);
  const [[type, { schema }] = ["", { schema: {} }]] = Object.entries(documented.content);
  const isType = response.headers.get("content-type")?.split(";")[0] === type;
  assert(isType, `${target} is ${response.headers.get("content-type")}`);
  if (type === "text/event-stream") {
    await response.body?.cancel();
    return operation.node.operationId;
  }
  const text = await response.text();
  if (type === "application/json") {
    assertEquals(checkOf(schema, { isExact: true })(JSON.parse(text)), "", `${target}: ${text}`);
  }
  return operation.node.operationId;
}

function fits(template: string, path: string): boolean {
  return new RegExp(`^${template.replace(/\{\w+\}$/, ".+").replace(/\{\w+\}/, "[^/]+")}$`).test(path);
}

async function requestIds(berth: Gateway): Promise<readonly string[]> {
  const { requests } = await (await berth.get("/api/inflight")).json();
  return requests.map(({ request_id }: { readonly request_id: string }) => request_id);
}
