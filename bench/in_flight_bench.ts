/**
 * What watching requests costs a request: beside nobody, and with watchers who read or sleep.
 *
 * Run: `deno task bench` or `deno bench -P=bench bench/in_flight_bench.ts`.
 *
 * @module
 */

import { systemClock } from "../src/clock.ts";
import { InFlight } from "../src/observe/in_flight.ts";
import type { InFlightFacts } from "../src/observe/in_flight_entry.ts";

const headers = new Headers({
  host: "127.0.0.1:8080",
  accept: "application/json",
  "content-type": "application/json",
  "user-agent": "OpenAI/Python 2.0.0",
  authorization: "Bearer sk-0123456789",
});
const answer = [["content-type", "application/json"], ["content-length", "123"]] as const;

function facts(): InFlightFacts {
  return {
    requestId: "8c0e4f64-5c0f-4e55-a2b4-8bb8f86e6d3c",
    model: "m",
    method: "POST",
    path: "/v1/chat/completions",
    headers,
    remoteAddr: "127.0.0.1",
    cancel: () => true,
  };
}

function serve(inFlight: InFlight): void {
  const entry = inFlight.begin(facts());
  entry.serving();
  entry.responded(200, answer);
  entry.bytes(1000);
  entry.end("complete");
}

const unwatched = new InFlight({ clock: systemClock });
Deno.bench("a request, nobody watches", { group: "a request", baseline: true }, () => serve(unwatched));

const busy = new InFlight({ clock: systemClock });
for (let i = 0; i < 2000; i++) busy.begin(facts());
Deno.bench("a request beside 2,000 others, nobody watches", { group: "a request" }, () => serve(busy));

Deno.bench("a thousand requests, somebody watches and looks after each", { group: "watched" }, (b) => {
  const inFlight = new InFlight({ clock: systemClock });
  const watch = inFlight.subscribe();
  watch.take();
  b.start();
  for (let i = 0; i < 1000; i++) {
    serve(inFlight);
    watch.take();
  }
  b.end();
  watch.cancel();
});

const entry = unwatched.begin(facts());
Deno.bench("a thousand chunks, nobody watches", { group: "chunks", baseline: true }, () => {
  for (let i = 0; i < 1000; i++) entry.bytes(i);
});

Deno.bench("a thousand chunks, somebody watches", { group: "chunks" }, (b) => {
  const inFlight = new InFlight({ clock: systemClock });
  const watched = inFlight.begin(facts());
  const watch = inFlight.subscribe();
  watch.take();
  b.start();
  for (let i = 0; i < 1000; i++) watched.bytes(i);
  b.end();
  watch.cancel();
});

Deno.bench("the list of 2,000 requests", { group: "list" }, () => void JSON.stringify(busy.list()));
