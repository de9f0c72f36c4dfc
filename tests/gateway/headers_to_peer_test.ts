import { assertEquals } from "@std/assert";
import { headersToPeer, type PeerHeaderOptions } from "../../src/gateway/headers_to_peer.ts";

const OPTIONS: PeerHeaderOptions = { host: "far:8080", via: "1.1 berth-a", apiKey: null, credentialNames: [] };
const OURS = { host: "far:8080", "accept-encoding": "identity", via: "1.1 berth-a" };
const CLIENTS = { authorization: "Bearer client", "x-api-key": "client" };

function sent(incoming: Record<string, string>, options: Partial<PeerHeaderOptions> = {}): Record<string, string> {
  return Object.fromEntries(headersToPeer(new Headers(incoming), { ...OPTIONS, ...options }));
}

Deno.test("RP7: a peer sees its own host, and nothing of where the client is or what it called this gateway", () => {
  assertEquals(
    sent({
      host: "gateway:8080",
      forwarded: "for=10.0.0.7",
      "x-forwarded-for": "10.0.0.7",
      "x-forwarded-host": "gateway",
      "x-forwarded-proto": "https",
      "x-forwarded-prefix": "/ai",
      via: "1.1 before",
      "accept-encoding": "gzip",
      "content-length": "3",
      expect: "100-continue",
      "x-kept": "1",
    }),
    { ...OURS, "x-kept": "1" },
  );
});

Deno.test("RP6: a peer's key takes the place of whatever the client sent, both ways of sending it", () => {
  const key = { ...OURS, authorization: "Bearer secret", "x-api-key": "secret" };
  assertEquals(sent(CLIENTS, { apiKey: "secret" }), key);
  assertEquals(sent({}, { apiKey: "secret" }), key);
  assertEquals(sent(CLIENTS, { apiKey: "secret", credentialNames: ["authorization", "x-api-key"] }), key);
});

Deno.test("RP6: without a key nothing is added: the client's go on, unless they are for this gateway", () => {
  assertEquals(sent(CLIENTS), { ...OURS, ...CLIENTS });
  assertEquals(sent({}), OURS);
  assertEquals(sent(CLIENTS, { credentialNames: ["authorization", "x-api-key"] }), OURS);
});

Deno.test("hop-by-hop headers and those that Connection names stay here, but not what the gateway puts", () => {
  assertEquals(
    sent({
      connection: "keep-alive, x-mine, via, authorization",
      "keep-alive": "timeout=5",
      "proxy-authorization": "Basic x",
      te: "trailers",
      upgrade: "websocket",
      "x-mine": "1",
      "sec-websocket-protocol": "realtime",
    }, { apiKey: "secret" }),
    { ...OURS, "sec-websocket-protocol": "realtime", authorization: "Bearer secret", "x-api-key": "secret" },
  );
});

Deno.test("a body that is not what the client said has its own type", () => {
  const client = { "content-type": "multipart/form-data; boundary=a" };
  assertEquals(sent(client), { ...OURS, ...client });
  assertEquals(sent(client, { contentType: "application/json" }), { ...OURS, "content-type": "application/json" });
  assertEquals(sent({}, { contentType: "application/json" }), { ...OURS, "content-type": "application/json" });
});
