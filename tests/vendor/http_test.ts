import { assertEquals } from "@std/assert";
import { accepts } from "@std/http/negotiation";
import { STATUS_CODE, STATUS_TEXT } from "@std/http/status";

Deno.test("every status code has a text", () => {
  for (const code of Object.values(STATUS_CODE)) assertEquals(STATUS_TEXT[code].length > 0, true, String(code));
  assertEquals(STATUS_TEXT[STATUS_CODE.ContentTooLarge], "Content Too Large");
  assertEquals(STATUS_TEXT[STATUS_CODE.TooManyRequests], "Too Many Requests");
});

Deno.test("accepts picks by quality, then by how exactly the range names the type, then by offer", () => {
  const pick = (accept: string | undefined, ...types: string[]) =>
    accepts(new Request("http://a/", accept === undefined ? {} : { headers: { accept } }), ...types);
  assertEquals(pick(undefined, "text/html", "text/plain"), "text/html");
  assertEquals(pick("text/plain, text/html", "text/html", "text/plain"), "text/html");
  assertEquals(pick("*/*, application/json", "text/html", "application/json"), "application/json");
  assertEquals(pick("text/html;q=0.5, application/json;q=0.9", "text/html", "application/json"), "application/json");
  assertEquals(pick("text/*;q=0.3, text/html;q=0", "text/html", "text/plain"), "text/plain");
  assertEquals(pick("image/png", "text/html"), undefined);
  assertEquals(pick("TEXT/HTML", "text/html"), "text/html");
});
