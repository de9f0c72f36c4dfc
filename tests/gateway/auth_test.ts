import { assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import { GatewayError } from "../../src/errors.ts";
import { createKeyCheck, credentialOf } from "../../src/gateway/auth.ts";

const check = createKeyCheck(["first", "schlüssel"]);

function basic(text: string): string {
  return `Basic ${btoa(String.fromCharCode(...new TextEncoder().encode(text)))}`;
}

Deno.test("a configured key passes as Basic password, Bearer token or x-api-key", () => {
  for (
    const headers of [
      { authorization: basic("anyone:first") },
      { authorization: basic(":schlüssel") },
      { authorization: "Bearer first" },
      { authorization: "bearer   first" },
      { "x-api-key": "first" },
    ] as Record<string, string>[]
  ) check(new Headers(headers));
});

Deno.test("anything else is unauthorized", () => {
  for (
    const headers of [
      {},
      { authorization: "first" },
      { authorization: "Bearer" },
      { authorization: "Bearer firs" },
      { authorization: "Bearer firstfirst" },
      { authorization: "Bearer wrong", "x-api-key": "first" },
      { authorization: basic("first") },
      { authorization: basic("first:") },
      { authorization: "Basic %%%" },
      { "x-api-key": "" },
    ] as Record<string, string>[]
  ) {
    const error = assertThrows(() => check(new Headers(headers)));
    assertInstanceOf(error, GatewayError);
    assertEquals(error.code, "unauthorized");
  }
});

Deno.test("without keys everyone passes", () => {
  createKeyCheck([])(new Headers());
});

Deno.test("a Basic password may hold colons, and an empty one leaves the word to x-api-key", () => {
  assertEquals(credentialOf(new Headers({ authorization: basic("u:a:b") })), "a:b");
  assertEquals(credentialOf(new Headers({ authorization: basic("u:"), "x-api-key": "k" })), "k");
});
