import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { GatewayError } from "../../src/errors.ts";
import type { UpstreamClient } from "../../src/gateway/upstream/client.ts";
import type { UpstreamResponse } from "../../src/gateway/upstream/message.ts";
import { FakeBody, settled } from "../gateway/fake_body.ts";
import { type Asked, LocalWorld } from "./local_world.ts";

const STEPS = {
  time: 6,
  loadEnds: 4,
  loadFails: 1,
  cancel: 1,
  leave: 1,
  drop: 1,
  headOfEvents: 4,
  headOfError: 1,
  noHead: 1,
  piece: 6,
  finish: 2,
  cut: 1,
} as const;
type Step = keyof typeof STEPS;

/** The backend's side of the one request that is watched. */
class FakeCall {
  readonly body = new FakeBody();
  readonly #head = Promise.withResolvers<UpstreamResponse>();
  readonly response = this.#head.promise;
  hasHead = false;

  constructor() {
    this.response.catch(() => {});
  }

  abort(reason: unknown): void {
    if (this.hasHead && !this.body.isOver) this.body.fail(reason);
    this.hasHead = true;
    this.#head.reject(reason);
  }

  /** Whether pieces may come. */
  isAnswering = false;

  head(status: number, type: string): void {
    if (this.hasHead) return;
    this.hasHead = true;
    this.isAnswering = true;
    this.#head.resolve({ status, statusText: "", headers: [["content-type", type]], body: this.body, tunnel: null });
  }
}

/** One request before a busy or idle gateway, driven by steps; everything that its client got. */
class Run {
  readonly world: LocalWorld;
  readonly asked: Asked;
  call: FakeCall | null = null;
  status: number | null = null;
  text = "";
  /** How the client's stream ended. */
  ended: "open" | "cleanly" | "broken" | "dropped" = "open";
  pieces = 0;
  #reader: ReadableStreamDefaultReader<Uint8Array> | null = null;

  constructor(settings: string, path: string) {
    const client = {
      host: "backend.test",
      send: () => this.call = new FakeCall(),
    };
    this.world = new LocalWorld(settings, {}, client as unknown as UpstreamClient);
    this.asked = this.world.ask("m", path);
    void this.#read();
  }

  async #read(): Promise<void> {
    try {
      const response = await this.asked.response;
      this.status = response.status;
      this.#reader = response.body?.getReader() ?? null;
      for (let next = await this.#reader?.read(); next?.done === false; next = await this.#reader?.read()) {
        this.text += new TextDecoder().decode(next.value);
      }
      if (this.ended === "open") this.ended = "cleanly";
    } catch {
      if (this.ended === "open") this.ended = "broken";
    }
  }

  async step(step: Step): Promise<void> {
    const { world, call } = this;
    switch (step) {
      case "time":
        world.clock.advance(750);
        break;
      case "loadEnds":
        world.load();
        break;
      case "loadFails":
        world.backends.loads.at(-1)?.fail();
        break;
      case "cancel":
        world.scheduler.cancel(this.asked.id);
        break;
      case "leave":
        this.asked.leave();
        break;
      case "drop":
        if (this.#reader !== null && this.ended === "open") {
          this.ended = "dropped";
          await this.#reader.cancel();
          await settled();
          assert(
            this.asked.told.at(-1)?.startsWith("end "),
            `a client left and its request goes on: ${this.asked.told}`,
          );
        }
        break;
      case "headOfEvents":
        call?.head(200, "text/event-stream");
        break;
      case "headOfError":
        call?.head(400, "application/json");
        break;
      case "noHead":
        if (call?.hasHead === false) call.abort(new GatewayError("backend_lost", "gone"));
        break;
      case "piece":
        if (call?.isAnswering === true && call.body.send(new TextEncoder().encode(`data: ${this.pieces + 1}\n\n`))) {
          this.pieces++;
        }
        break;
      case "finish":
        if (call?.isAnswering === true && !call.body.isOver) call.body.finish();
        break;
      case "cut":
        if (call?.isAnswering === true && !call.body.isOver) call.body.fail(new GatewayError("backend_lost", "cut"));
        break;
      default:
        step satisfies never;
    }
    await settled();
  }

  /** Whatever is open comes to its end. */
  async drain(): Promise<void> {
    for (const step of ["loadEnds", "headOfEvents", "piece", "finish"] as const) await this.step(step);
  }
}

const history = fc.array(
  fc.oneof(
    ...(Object.entries(STEPS) as [Step, number][]).map(([step, weight]) => ({ weight, arbitrary: fc.constant(step) })),
  ),
  { maxLength: 25 },
);
const settings = fc.constantFrom(
  "queueKeepAlive: 1",
  "sendLoadingState: true",
  "sendLoadingState: true, queueKeepAlive: 1",
  "ttl: 0",
);
const path = fc.constantFrom("/v1/chat/completions", "/v1/responses", "/v1/messages");

Deno.test("G6–G8 S9: whatever happens when, a waiting stream ends once, nothing is left behind, and its text is whole", async () => {
  let early = 0;
  await fc.assert(
    fc.asyncProperty(settings, path, history, async (setting, at, steps) => {
      const run = new Run(setting, at);
      using world = run.world;
      for (const step of steps) await run.step(step);
      await run.drain();
      const { told } = run.asked;
      assertEquals(told.filter((word) => word.startsWith("end ")).length, 1, `told: ${told}`);
      assert(told.at(-1)?.startsWith("end "), `told: ${told}`);
      assert(told.filter((word) => word.startsWith("responded ")).length <= 1, `told: ${told}`);
      const { active, total } = world.scheduler.snapshot();
      assertEquals([active, total, world.backends.faults], [[], 0, []]);
      assertEquals([...world.backends.holds.values()].filter((count) => count > 0), []);
      assertEquals(world.clock.timers.size, 0);
      assert(run.ended !== "open", "the client waits for ever");
      check(run);
      if (told.indexOf("responded 200") === 1 && told[0] === "loading" && !told.includes("serving")) early++;
    }),
    { numRuns: 2000 },
  );
  assert(early > 40, `${early} streams began early`);
});

/** What was said, the model's pieces in order, at most one error at the very end, and nothing said in between. */
function check({ text, status, ended, asked }: Run): void {
  if (status !== 200) return;
  assert(text === "" || text.endsWith("\n\n"), JSON.stringify(text));
  const events = text.split("\n\n").slice(0, -1);
  const isSaid = (event: string) => /^: |^event: ping\n|reasoning_content/.test(event);
  const isError = (event: string) => /"error"/.test(event);
  const isPiece = (event: string) => /^data: \d+$/.test(event);
  const order = events.map((event) => isSaid(event) ? "s" : isPiece(event) ? "p" : isError(event) ? "e" : "?").join("");
  assert(/^s*p*e?$/.test(order), JSON.stringify(text));
  const numbers = events.filter(isPiece).map((event) => Number(event.slice("data: ".length)));
  assertEquals(numbers, numbers.map((_, i) => i + 1));
  const hasFailed = asked.told.at(-1) === "end failed";
  if (hasFailed && ended !== "dropped") assert(order.endsWith("e"), `no error was told: ${JSON.stringify(text)}`);
  if (ended === "cleanly" && order.includes("p")) assert(!order.endsWith("e"), "a cut stream ended cleanly");
}
