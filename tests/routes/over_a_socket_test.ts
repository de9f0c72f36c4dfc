import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { concat } from "../../src/gateway/bytes.ts";
import { contradictionsOf } from "./contradictions.ts";
import { DOCUMENTED } from "./document.ts";
import { gateway, modelsYaml } from "./gateway.ts";

const CONFIG = `
limits: { requestBody: 1 }
${modelsYaml({ m: "", other: "", comfyui_auto: "" })}
`;

/** What the runtime refuses by itself, and hangs up. */
const NO_TARGET = /[<>"{}|\\^`]|[^!-~]/;

Deno.test("over a socket: what contradicts the document is 4xx, also a GET with a body, and no byte of it is taken for another request", async () => {
  await using berth = gateway(CONFIG);
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    (request, info) => berth.worker.fetch(request, info as Parameters<typeof berth.worker.fetch>[1]),
  );
  const { port } = server.addr;
  const requests = fc.oneof(...DOCUMENTED.flatMap((operation) => contradictionsOf(operation) ?? []))
    .filter(({ statuses }) => !statuses.includes(413)); // their length is a lie
  await fc.assert(
    fc.asyncProperty(requests, fc.boolean(), async (request, isGet) => {
      const method = isGet && request.method === "POST" ? "GET" : request.method;
      const answers = await talk(port, { ...request, method });
      const about = `${method} ${request.target} (${request.why}): ${answers}`;
      if (NO_TARGET.test(request.target) && answers.length === 1) return assertEquals(answers, [400], about);
      assert(answers.length === 2 || (answers.length === 1 && request.body), about); // a body that nobody reads may end it
      assert(answers.every((status) => status < 500), about);
      if (method === request.method) assert(request.statuses.includes(answers[0] ?? 0), about);
      assertEquals(answers[1] ?? 200, 200, about);
    }),
    { seed: 12, numRuns: 400 },
  );
  assertEquals([berth.asked(), berth.supervisor.journal], [[], []]);
});

interface Sent {
  readonly method: string;
  readonly target: string;
  readonly headers?: readonly (readonly [string, string])[];
  readonly body?: unknown;
}

/** Sends the request and one for the health behind it; the statuses of what comes back. */
async function talk(port: number, { method, target, headers = [], body }: Sent): Promise<readonly number[]> {
  const conn = await Deno.connect({ hostname: "127.0.0.1", port });
  const bytes = body instanceof Uint8Array ? body : new Uint8Array(0);
  const fields = headers.filter(([name]) => !["content-length", "connection", "expect"].includes(name))
    .map(([name, value]) => `${name}: ${value}\r\n`).join("");
  const head = `${method} ${target} HTTP/1.1\r\nhost: localhost\r\n${fields}content-length: ${bytes.length}\r\n\r\n`;
  const next = "GET /health HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
  const encoder = new TextEncoder();
  const writer = conn.writable.getWriter();
  await writer.write(concat([encoder.encode(head), bytes, encoder.encode(next)]));
  writer.releaseLock();
  const text = await new Response(conn.readable).text();
  return [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status));
}
