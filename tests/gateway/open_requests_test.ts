import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import type { ApiKey } from "../../src/config/types.ts";
import { GatewayError } from "../../src/errors.ts";
import { OpenRequests } from "../../src/gateway/open_requests.ts";

function clientOf(key: string, maxOpen: number | null = null): { readonly key: ApiKey } {
  return { key: { key, name: null, scopes: new Set(), models: null, maxOpen } };
}

function refused(act: () => unknown): GatewayError {
  const error = assertThrows(act, GatewayError);
  assertEquals([error.code, error.status, error.retryAfterS], ["too_many_requests", 429, 1]);
  return error;
}

Deno.test("a key has as many requests open as may be, and one more when one is over", () => {
  const open = new OpenRequests();
  const a = clientOf("secret-a");
  const over = open.enter(a, 2);
  open.enter(a, 2);
  const { message } = refused(() => open.enter(a, 2));
  assertStringIncludes(message, "Too many requests");
  assertEquals(message.includes("secret-a"), false);
  open.enter(clientOf("b"), 2);
  over();
  over();
  assertEquals(open.count(a.key), 1, "said twice, over once");
  open.enter(a, 2);
  refused(() => open.enter(a, 2));
});

Deno.test("a key's own bound goes before the common one; 0 is none", () => {
  const open = new OpenRequests();
  const [narrow, free, common] = [clientOf("narrow", 1), clientOf("free", 0), clientOf("common")];
  open.enter(narrow, 9);
  refused(() => open.enter(narrow, 9));
  for (let i = 0; i < 20; i++) {
    open.enter(free, 1);
    open.enter(common, 0);
  }
  assertEquals([open.count(free.key), open.count(common.key)], [20, 20]);
});

Deno.test("clients without a key count as one, and not as one whose key is unknown", () => {
  const open = new OpenRequests();
  const over = open.enter({ key: null }, 1);
  refused(() => open.enter({ key: null }, 1));
  open.enter(clientOf("a"), 1);
  over();
  assertEquals(open.count(null), 0);
});

Deno.test("a key that a reload keeps goes on counting, with its new bound", () => {
  const open = new OpenRequests();
  const over = open.enter(clientOf("a", 5), 0);
  refused(() => open.enter(clientOf("a", 1), 0));
  over();
  open.enter(clientOf("a", 1), 0);
});
