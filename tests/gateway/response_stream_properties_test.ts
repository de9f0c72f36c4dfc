import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { GatewayError, toGatewayError } from "../../src/errors.ts";
import { rig, settled } from "./fake_body.ts";

const BUFFER_BYTES = 10;
const LONGEST = 12;

type Step =
  | { readonly do: "send"; readonly length: number }
  | { readonly do: "read" | "cancel" | "finish" | "lose" | "interrupt" | "leave" | "settle" }
  | { readonly do: "wait"; readonly ms: number };

const always = (doing: "read" | "settle" | "cancel" | "finish" | "lose" | "interrupt" | "leave") =>
  fc.constant<Step>({ do: doing });
const send: fc.Arbitrary<Step> = fc.record({
  do: fc.constant("send" as const),
  length: fc.integer({ min: 1, max: LONGEST }),
});
const wait: fc.Arbitrary<Step> = fc.record({ do: fc.constant("wait" as const), ms: fc.constantFrom(1, 400, 1000) });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 10, arbitrary: send },
  { weight: 8, arbitrary: always("read") },
  { weight: 4, arbitrary: always("settle") },
  { weight: 3, arbitrary: wait },
  { weight: 1, arbitrary: always("finish") },
  { weight: 1, arbitrary: fc.oneof(always("cancel"), always("lose"), always("interrupt"), always("leave")) },
);

Deno.test("in every history each thing is told once, in order, and what comes out is the beginning of what went in", async () => {
  const kinds = new Map<string, number>();
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 40 }),
      fc.boolean(),
      fc.constantFrom("drain", "cancel", "vanish"),
      async (steps, isEventStream, ending) => {
        const kind = await run(steps, { isEventStream, ending });
        kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
      },
    ),
    { numRuns: 3000, seed: 1 },
  );
  for (const kind of ["complete", "clientLeft", "clientStalled", "failed"]) {
    assert((kinds.get(kind) ?? 0) > 20, `${kind} happens: ${JSON.stringify([...kinds])}`);
  }
});

interface RunOptions {
  readonly isEventStream: boolean;
  /** What the client does at the last: read to the end, cancel, or nothing for ever. */
  readonly ending: "drain" | "cancel" | "vanish";
}

/** Plays a history to its end, checks it, and tells how it ended. */
async function run(steps: readonly Step[], { isEventStream, ending }: RunOptions): Promise<string> {
  const { backend, clock, reader, told, outcomes } = rig({
    mayAddEvents: isEventStream,
    bounds: { bufferBytes: BUFFER_BYTES, stalledMs: 1000 },
  });
  let sent = "";
  let got = "";
  let isClosed = false;
  let reading: Promise<void> | null = null;
  const read = () => {
    reading ??= reader.read().then(({ done, value }) => {
      reading = null;
      if (done) isClosed = true;
      else got += String.fromCharCode(...value);
    }, () => void (reading = null));
  };
  for (const now of steps) {
    switch (now.do) {
      case "send": {
        const text = Array.from({ length: now.length }, (_, i) => String.fromCharCode(33 + (sent.length + i) % 90))
          .join("");
        if (!backend.send(new TextEncoder().encode(text))) break;
        sent += text;
        break;
      }
      case "read":
        read();
        break;
      case "cancel":
        await reader.cancel().catch(() => {});
        break;
      case "finish":
        backend.finish();
        break;
      case "lose":
        backend.fail(new GatewayError("backend_lost", "broke off"));
        break;
      case "interrupt":
        backend.fail(new GatewayError("model_unloaded", "unloaded"));
        break;
      case "leave":
        backend.fail(new GatewayError("client_closed", "left"));
        break;
      case "wait":
        clock.advance(now.ms);
        break;
      case "settle":
        await settled();
        if (told.length > 0) break;
        assert(
          sent.length - got.length < BUFFER_BYTES + LONGEST,
          "no more is kept than the bound and the piece that passed it",
        );
        assertEquals(clock.waiting(), backend.isHeld ? 1 : 0, "a backend that is held up has a deadline");
        break;
      default:
        now satisfies never;
    }
    checkSoFar(told, outcomes.length);
  }
  await settled();
  if (ending !== "vanish" && !backend.isOver) backend.finish();
  if (ending === "cancel") await reader.cancel().catch(() => {});
  if (ending === "drain") {
    for (let turn = 0; turn < 100; turn++) {
      read();
      await settled();
    }
  }
  if (ending === "vanish") {
    backend.finish();
    await settled();
    clock.advance(15 * 60_000);
    await settled();
  }
  checkSoFar(told, outcomes.length);
  assertEquals([told.length, told[0], outcomes.length, clock.waiting()], [2, "free", 1, 0], told.join());
  assert(!backend.isHeld, "nobody is left waiting");
  const outcome = outcomes[0];
  assert(outcome);
  if (got.length > sent.length) {
    assert(isEventStream && outcome.kind !== "complete" && outcome.kind !== "clientStalled", outcome.kind);
    assert(got.slice(sent.length).includes('"error"'));
    got = got.slice(0, sent.length);
  }
  assert(sent.startsWith(got), "what came out is the beginning of what went in");
  if (outcome.kind === "complete") assertEquals(got, sent);
  assert(
    !isClosed || outcome.kind === "complete" || ending === "cancel" || outcome.kind === "clientLeft",
    "only a whole answer ends cleanly",
  );
  if (outcome.kind === "failed") assert(toGatewayError(outcome.error).code !== "client_closed");
  return outcome.kind;
}

function checkSoFar(told: readonly string[], outcomes: number): void {
  assert(told.filter((word) => word === "free").length <= 1 && outcomes <= 1, told.join());
  assert(told.length === 0 || told[0] === "free", told.join());
}
