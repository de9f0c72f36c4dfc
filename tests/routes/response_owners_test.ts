import { assertEquals } from "@std/assert";
import { ResponseOwners } from "../../src/routes/response_owners.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

Deno.test("the id of an answer is remembered, whole or as a stream, whatever the pieces", () => {
  const answers = [
    '{"id":"resp_1","object":"response"}',
    'event: response.created\ndata: {"type":"response.created","response":{"id": "resp_1"}}\n\n',
  ];
  for (const answer of answers) {
    for (let at = 0; at <= answer.length; at++) {
      const owners = new ResponseOwners();
      const take = owners.listen("m");
      take(bytes(answer.slice(0, at)));
      take(bytes(answer.slice(at)));
      assertEquals(owners.modelOf("resp_1"), "m", `cut at ${at}`);
    }
  }
});

Deno.test("an id far into an answer is not looked for, and nothing is kept of it", () => {
  const owners = new ResponseOwners();
  const take = owners.listen("m");
  take(bytes(" ".repeat(5000)));
  take(bytes('{"id":"resp_1"}'));
  assertEquals(owners.modelOf("resp_1"), undefined);
});

Deno.test("the oldest are forgotten first, and one that is met again counts as new", () => {
  const owners = new ResponseOwners(2);
  for (const id of ["a", "b", "a", "c"]) owners.listen(`of ${id}`)(bytes(`{"id":"${id}"}`));
  assertEquals(["a", "b", "c"].map((id) => owners.modelOf(id)), ["of a", undefined, "of c"]);
});
