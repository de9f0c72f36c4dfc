import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { rawBackend } from "../gateway/raw_backend.ts";
import { type Contradiction, contradictionsOf, wildHeaders, wrongMethods } from "./contradictions.ts";
import { INFERENCE_ROUTES } from "../../src/routes/inference_table.ts";
import { DOCUMENTED, type DocumentedOperation, errorCheck, fitsPath, type OperationNode } from "./document.ts";
import { recordingBackend } from "./recording_backend.ts";
import { rightRequests } from "./right_requests.ts";
import { type RawRequest, type Surface, surface } from "./surface.ts";

const CONFIG = `
limits: { requestBody: 1 }
models:
  m: { cmd: "unused \${PORT}" }
  other: { cmd: "unused \${PORT}" }
  comfyui_auto: { cmd: "unused \${PORT}" }
groups: { pair: { swap: false, members: [m, other] } }
selectors:
  first: { strategy: pin, targets: [m, other] }
  spill: { strategy: spillover, targets: [m, other] }
`;

for (const operation of DOCUMENTED) {
  const contradictions = contradictionsOf(operation);
  if (contradictions === null) continue;
  const runs = operation.node.requestBody === undefined ? 60 : 150;
  Deno.test(`${operation.method} ${operation.path}: what contradicts the document is refused in its shape, and loads nothing`, async () => {
    using backend = rawBackend();
    backend.refuse();
    const built = surface(backend, { config: CONFIG });
    await fc.assert(
      fc.asyncProperty(contradictions, async (request) => {
        await assertRefused(built, request);
      }),
      { seed: 6, numRuns: runs },
    );
  });
}

Deno.test("a method that a path does not answer is 405 in its shape, and Allow says exactly what the document does", async () => {
  using backend = rawBackend();
  backend.refuse();
  const built = surface(backend, { config: CONFIG });
  await fc.assert(
    fc.asyncProperty(wrongMethods, async (request) => {
      const response = await assertRefused(built, request);
      assertEquals(response.headers.get("allow"), request.allow.join(", "), request.target);
    }),
    { seed: 6, numRuns: 1500 },
  );
});

for (const operation of DOCUMENTED.filter(({ node }) => node.tags[0] === "models")) {
  Deno.test(`${operation.method} ${operation.path}: what the document allows reaches the backend, every byte as it came`, async () => {
    await using backend = recordingBackend();
    const built = surface(backend, { config: CONFIG });
    const prefix = INFERENCE_ROUTES.find(({ method, path }) => method === operation.method && path === operation.path)
      ?.prefix ?? "";
    let count = 0;
    await fc.assert(
      fc.asyncProperty(rightRequests(operation), async (request) => {
        const response = await built.send(request);
        const about = `${request.target} ${response.status} ${await response.text()}`;
        assertEquals([response.status, built.leases.granted, built.leases.released], [200, ++count, count], about);
        const { line, body } = backend.requests.at(-1) ?? { line: "", body: new Uint8Array(0) };
        assertEquals(line, `${request.method} ${request.target.slice(prefix.length)} HTTP/1.1`);
        assertEquals(body, request.body ?? new Uint8Array(0));
        assertNothingHeld(built, about);
      }),
      { seed: 7, numRuns: 30 },
    );
  });
}

Deno.test("whatever stands in the headers, the answer is none of a gateway that failed, and nothing is held", async () => {
  await using backend = recordingBackend();
  const open = surface(backend, { config: CONFIG, listener: { isLoopback: true, isTls: false } });
  const trusting = surface(backend, { config: `${CONFIG}trustProxy: true\n` });
  const requests = fc.oneof(
    ...DOCUMENTED.map(plain),
    ...DOCUMENTED.flatMap((operation) => contradictionsOf(operation) ?? []),
  );
  await fc.assert(
    fc.asyncProperty(requests, wildHeaders, fc.constantFrom(open, trusting), async (request, headers, built) => {
      if (/unload|reload|profiles|queue|running|inflight|config|logs|events/.test(request.target)) return; // needs more than this surface
      const kept = (request.headers ?? []).filter(([name]) => !headers.some(([other]) => other === name));
      const response = await built.send({ ...request, headers: [...kept, ...headers] });
      await response.body?.cancel();
      const about = JSON.stringify({ request, headers, status: response.status });
      assert(response.status < 500 || response.status === 508, about); // 508: it says that it has been here
      assertNothingHeld(built, about);
      assertEquals(built.leases.granted, built.leases.released, about);
    }),
    { seed: 11, numRuns: 3000 },
  );
});

const KEYS = `
apiKeys:
  - all-may
  - { key: other-alone, models: [other] }
  - { key: asks, scopes: [inference] }
  - { key: looks, scopes: [models] }
  - { key: reads, scopes: [logs] }
  - { key: steers, scopes: [operate] }
  - { key: knows, scopes: [config] }
`;
const KEY_OF = { inference: "asks", models: "looks", logs: "reads", operate: "steers", config: "knows" };

Deno.test("whatever is asked for without a key, or with a wrong one, is 401 in its shape, and nothing else is told", async () => {
  using backend = rawBackend();
  backend.refuse();
  const built = surface(backend, { config: CONFIG + KEYS });
  const credentials = fc.constantFrom<readonly (readonly [string, string])[]>(
    [],
    [["authorization", "Bearer all-ma"]],
    [["authorization", "Bearer ALL-MAY"], ["x-api-key", "all-may-"]],
    [["authorization", "Basic YWxsLW1heQ=="]], // no colon: no password
    [["authorization", "all-may"]],
    [["x-api-key", ""]],
    [["cookie", "api_key=all-may"]],
  );
  const closed = DOCUMENTED.filter(({ node }) => node.security?.length !== 0);
  const requests = fc.oneof(...closed.flatMap((operation) => contradictionsOf(operation) ?? []), ...closed.map(plain));
  await fc.assert(
    fc.asyncProperty(requests, credentials, async (request, more) => {
      const headers = [...request.headers ?? [], ...more];
      const response = await assertRefused(built, { ...request, headers, statuses: [401] });
      assertEquals(response.headers.get("www-authenticate"), 'Basic realm="berth"');
    }),
    { seed: 8, numRuns: 1500 },
  );
});

Deno.test("a key without the scope of an operation is 403 in its shape, whatever is asked for", async () => {
  using backend = rawBackend();
  backend.refuse();
  const built = surface(backend, { config: CONFIG + KEYS });
  const scoped = DOCUMENTED.filter(({ node }) => node.security?.length !== 0 && scopeOf(node) !== "any");
  const requests = scoped.flatMap((operation) => {
    const scope = scopeOf(operation.node);
    const wrong = Object.entries(KEY_OF).filter(([has]) => has !== scope).map(([, key]) => key);
    const asked = fc.oneof(contradictionsOf(operation) ?? plain(operation), plain(operation));
    return fc.tuple(asked, fc.constantFrom(...wrong));
  });
  await fc.assert(
    fc.asyncProperty(fc.oneof(...requests), async ([request, key]) => {
      const headers = [...request.headers ?? [], ["authorization", `Bearer ${key}`] as const];
      await assertRefused(built, { ...request, headers, statuses: [403] });
    }),
    { seed: 9, numRuns: 1500 },
  );
});

Deno.test("a key without the model is 403 in its shape, by every route and name, and no spillover counts it", async () => {
  using backend = rawBackend();
  backend.refuse();
  const built = surface(backend, { config: CONFIG + KEYS });
  const inference = DOCUMENTED.filter(({ node }) => node.tags[0] === "models");
  const asked = fc.oneof(
    ...inference.map((operation) => rightRequests(operation)),
    fc.constantFrom("m", "first", "spill").map((model) => ({
      method: "POST",
      target: "/v1/chat/completions",
      body: JSON.stringify({ model }),
    })),
    fc.constantFrom("/upstream/m", "/upstream/m/x.js", "/upstream/%6D/", "/comfyui", "/comfyui/", "/comfyui/x").map((
      target,
    ) => ({ method: "GET", target })),
  );
  await fc.assert(
    fc.asyncProperty(asked, async (request: RawRequest) => {
      const headers = [...request.headers ?? [], ["x-api-key", "other-alone"] as const];
      await assertRefused(built, { why: "the key lacks the model", ...request, headers, statuses: [403] });
    }),
    { seed: 10, numRuns: 1000 },
  );
});

function plain({ method, path }: DocumentedOperation): fc.Arbitrary<Contradiction> {
  return fc.constant({ why: "nothing", statuses: [], method, target: path.replace(/\{\w+\}/g, "m") });
}

function scopeOf(node: OperationNode): string {
  return node.tags[0] === "gateway" ? node["x-scope"] ?? "any" : "inference";
}

/** Sends it and looks at all that a refusal promises. */
async function assertRefused(built: Surface, request: Contradiction): Promise<Response> {
  const response = await built.send(request);
  const text = await response.text();
  const about = `${request.why}: ${request.method} ${request.target.slice(0, 200)} gave ${response.status} ${text}`;
  assert(request.statuses.includes(response.status), about);
  assert(text.length < 4000, `the answer repeats at most a little of the request: ${text.length} bytes`);
  assertShape(request, response, text);
  assertEquals(built.leases.granted, 0, about);
  assertNothingHeld(built, about);
  return response;
}

function assertShape(request: Contradiction, response: Response, text: string): void {
  assert(response.headers.get("x-request-id"), "there is an id");
  assert(response.headers.get("x-request-id") !== "chosen-by-the-client");
  assert(response.headers.get("x-berth-error"), "there is a code");
  const type = response.headers.get("content-type");
  const accept = request.headers?.find(([name]) => name === "accept")?.[1] ?? "";
  if (accept.includes("text/plain")) return assertEquals([type, text.slice(0, 7)], ["text/plain", "berth: "]);
  if (accept.includes("text/html")) return assertEquals([type, text.slice(0, 15)], ["text/html", "<!DOCTYPE html>"]);
  assertEquals(type, "application/json");
  if (request.method === "HEAD" && text === "") return;
  const body: unknown = JSON.parse(text);
  const name = expectedShape(request);
  assertEquals(errorCheck(name)(body), "", `${name}: ${text}`);
  assertEquals(Object.hasOwn(body as object, "src"), name === "Error");
}

/** What the document says of the path, or the header that Anthropic's clients send. */
function expectedShape({ target, headers = [] }: Contradiction): "Error" | "AnthropicError" {
  if (headers.some(([name]) => name === "anthropic-version")) return "AnthropicError";
  const path = target.split("?")[0] ?? "";
  const documented = DOCUMENTED.filter(({ node }) => node.tags[0] !== "pass-through")
    .find((operation) => fitsPath(operation.path, path));
  return documented === undefined ? "Error" : shapeIn(documented);
}

function shapeIn({ node }: DocumentedOperation): "Error" | "AnthropicError" {
  const schema = node.responses["4XX"]?.content?.["application/json"]?.schema;
  return schema?.["$ref"] === "#/components/schemas/AnthropicError" ? "AnthropicError" : "Error";
}

/** No body, no place in a table. */
function assertNothingHeld({ inFlight, bodyMemory, openRequests, names }: Surface, about: string): void {
  assertEquals([inFlight.size, bodyMemory.heldBytes, openRequests.count(null)], [0, 0, 0], about);
  assertEquals(names.spilling(), [], about);
}
