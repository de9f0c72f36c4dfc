import { assertEquals } from "@std/assert";
import { facts } from "../observe/watching.ts";
import { mountWatching } from "./watching_app.ts";

Deno.test("SV41: cancelling answers 200, and 404 for what is not in flight", async () => {
  const { ask, inFlight } = mountWatching();
  const entry = inFlight.begin(facts({
    requestId: "7f9c",
    cancel: () => {
      entry.end("failed");
      return true;
    },
  }));
  const first = await ask("/api/inflight/1/cancel", { method: "POST" });
  assertEquals([first.status, await first.json()], [200, { msg: "ok" }]);
  for (const id of ["1", "7f9c", "2", "nope", "%2F"]) {
    const answer = await ask(`/api/inflight/${id}/cancel`, { method: "POST" });
    assertEquals([answer.status, (await answer.json()).error.message], [404, "inflight request not found"], id);
  }
});

Deno.test("what its owner cannot end any more is not found either", async () => {
  const { ask, inFlight } = mountWatching();
  inFlight.begin(facts({ cancel: () => false }));
  const answer = await ask("/api/inflight/1/cancel", { method: "POST" });
  assertEquals([answer.status, (await answer.json()).error.code], [404, "not_found"]);
});

Deno.test("a request is cancelled by its own id, the one in x-request-id, too", async () => {
  const { ask, inFlight } = mountWatching();
  let asked = 0;
  inFlight.begin(facts({ requestId: "7f9c", cancel: () => ++asked > 0 }));
  await (await ask("/api/inflight/7f9c/cancel", { method: "POST" })).body?.cancel();
  assertEquals(asked, 1);
});

Deno.test("the list tells all that is in flight, or what is for one model", async () => {
  const { ask, inFlight } = mountWatching();
  assertEquals(await (await ask("/api/inflight")).json(), { requests: [] });
  const [a, b] = [inFlight.begin(facts({ model: "a" })), inFlight.begin(facts({ model: "org/b", requested: "b" }))];
  const seen = (...entries: typeof a[]) =>
    JSON.parse(JSON.stringify({ requests: entries.map((entry) => entry.look()) }));
  assertEquals(await (await ask("/api/inflight")).json(), seen(a, b));
  assertEquals(await (await ask("/api/inflight?model=org/b")).json(), seen(b));
  assertEquals(await (await ask("/api/inflight?model=b")).json(), seen(b));
  assertEquals(await (await ask("/api/inflight?model=c")).json(), { requests: [] });
});

Deno.test("one request is shown by either id", async () => {
  const { ask, inFlight } = mountWatching();
  const entry = inFlight.begin(facts({ requestId: "7f9c", headers: new Headers({ authorization: "Bearer sesame" }) }));
  for (const id of ["1", "7f9c"]) {
    const answer = await ask(`/api/inflight/${id}`);
    assertEquals(await answer.json(), JSON.parse(JSON.stringify(entry.look())));
  }
  const missing = await ask("/api/inflight/2");
  assertEquals([missing.status, (await missing.json()).error.message], [404, "inflight request not found"]);
});

Deno.test("requests for models that a client may not use do not exist for it", async () => {
  const { ask, inFlight } = mountWatching();
  let asked = 0;
  inFlight.begin(facts({ model: "a", cancel: () => ++asked > 0 }));
  inFlight.begin(facts({ model: "b", requested: "a", cancel: () => ++asked > 0 }));
  const headers = { "x-models": "a" };
  const { requests } = await (await ask("/api/inflight", { headers })).json();
  assertEquals(requests.map(({ id }: { readonly id: string }) => id), ["1"]);
  const statuses = [
    await ask("/api/inflight/1", { headers }),
    await ask("/api/inflight/2", { headers }),
    await ask("/api/inflight/2/cancel", { headers, method: "POST" }),
  ].map(({ status, body }) => (body?.cancel(), status));
  assertEquals([statuses, asked], [[200, 404, 404], 0]);
});
