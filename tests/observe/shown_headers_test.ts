import { assertEquals } from "@std/assert";
import { REDACTED, shownHeaders } from "../../src/observe/shown_headers.ts";

Deno.test("SV58: Authorization and X-Api-Key are redacted, what else the client says of itself is not", () => {
  const headers = new Headers({
    Authorization: "Bearer open-sesame",
    "X-Api-Key": "open-sesame",
    "Content-Type": "application/json",
    "X-Session-ID": "s1",
    "User-Agent": "curl",
  });
  assertEquals(shownHeaders(headers), {
    authorization: REDACTED,
    "content-type": "application/json",
    "user-agent": "curl",
    "x-api-key": REDACTED,
    "x-session-id": "s1",
  });
});

Deno.test("§11.1.9: every name that speaks of a credential is redacted, in any case", () => {
  const names = [
    ...["Proxy-Authorization", "Cookie", "SET-COOKIE", "api-key", "X-Auth-Token", "x-client-secret", "X-Goog-Api-Key"],
    ...["x-amz-security-token", "X-Password", "cf-access-client-secret", "openai-api-key", "x-credential-id"],
  ];
  for (const name of names) {
    assertEquals(Object.values(shownHeaders([[name, "open-sesame"]])), [REDACTED], name);
  }
});

Deno.test("§8: the first value of a header is shown", () => {
  assertEquals(shownHeaders([["Via", "one"], ["via", "two"], ["x-a", "3"]]), { via: "one", "x-a": "3" });
});

Deno.test("the query of an address is not shown: it may hold a key", () => {
  const shown = shownHeaders({
    *[Symbol.iterator]() {
      yield ["Referer", "http://ui.test/chat?key=open-sesame"] as const;
      yield ["location", "/there?token=open-sesame"] as const;
      yield ["x-plain", "what? this"] as const;
    },
  });
  assertEquals(shown, { referer: "http://ui.test/chat", location: "/there", "x-plain": "what? this" });
});

Deno.test("what is shown has a bound: long values are cut, and headers beyond it left out", () => {
  assertEquals(shownHeaders([["x-long", "v".repeat(5000)]]), { "x-long": `${"v".repeat(2048)}…` });
  const many = Array.from({ length: 100 }, (_, i): [string, string] => [`x-${i}`, "v".repeat(2000)]);
  assertEquals(Object.keys(shownHeaders(many)).length, 16);
});

Deno.test("a header may be called like a part of every object", () => {
  assertEquals(
    JSON.stringify(shownHeaders([["__proto__", "x"], ["constructor", "y"]])),
    '{"__proto__":"x","constructor":"y"}',
  );
});

Deno.test("of the sub-protocols of a websocket those are redacted that carry a credential", () => {
  const offered = "realtime,openai-insecure-api-key.open-sesame, base64url.bearer.authorization.k8s.io.b3Blbg";
  assertEquals(shownHeaders([["Sec-WebSocket-Protocol", offered]]), {
    "sec-websocket-protocol": `realtime, ${REDACTED}, ${REDACTED}`,
  });
});
