import { assertEquals, assertStrictEquals, assertStringIncludes } from "@std/assert";
import fc from "fast-check";
import { GatewayError } from "../../src/errors.ts";
import {
  dueAt,
  INITIAL_LIFE,
  KILL_BOUND_MS,
  type LifeCommand,
  type LifeEvent,
  type LifeSettings,
  type LifeState,
  phaseOf,
  transition,
} from "../../src/backend/lifecycle.ts";

const SETTINGS: LifeSettings = { model: "m", startTimeoutMs: 1_000, ttlMs: 300, stopGraceMs: 100 };

type Told = LifeEvent extends infer E ? E extends LifeEvent ? Omit<E, "at"> : never : never;

/** One life with the commands of all its steps, each as a short word. */
class Story {
  life: LifeState = INITIAL_LIFE;
  readonly #settings: LifeSettings;
  errors: GatewayError[] = [];

  constructor(settings: LifeSettings = SETTINGS) {
    this.#settings = settings;
  }

  tell(at: number, event: Told): string {
    const [life, commands] = transition(this.life, { ...event, at } as LifeEvent, this.#settings);
    this.life = life;
    return commands.map((command) => this.#word(command)).join(" ");
  }

  #word(command: LifeCommand): string {
    if ("error" in command) {
      this.errors.push(command.error);
      return `${command.type}:${command.error.code}`;
    }
    return "generation" in command ? `${command.type}${command.generation}` : command.type;
  }
}

function exited(generation = 1, code = 0): Told {
  return { type: "exited", generation, exit: { code, signal: null }, lastLines: "last words" };
}

function ready(settings: LifeSettings = SETTINGS): Story {
  const story = new Story(settings);
  story.tell(0, { type: "ensure" });
  assertEquals(story.tell(0, { type: "probeOk", generation: 1 }), "started");
  return story;
}

function killed(): Story {
  const story = ready();
  assertEquals(story.tell(0, { type: "stop" }), "terminate1");
  assertEquals(story.tell(100, { type: "due" }), "kill1");
  return story;
}

function stuck(): Story {
  const story = killed();
  assertEquals(story.tell(100 + KILL_BOUND_MS, { type: "due" }), "stopFailed:stop_failed startFailed:stop_failed");
  assertEquals(story.life.state, "stuck");
  return story;
}

function aStoryIn(state: LifeState["state"]): Story {
  const story = state === "stuck" ? stuck() : state === "ready" || state === "stopping" ? ready() : new Story();
  if (state === "starting") story.tell(0, { type: "ensure" });
  if (state === "stopping") story.tell(0, { type: "stop" });
  assertEquals(story.life.state, state);
  return story;
}

Deno.test("every state × event: the next state and the wishes are the ones of the table", () => {
  const error = new GatewayError("start_failed", "no");
  const events = (generation: number): Record<string, Told> => ({
    ensure: { type: "ensure" },
    stop: { type: "stop" },
    hurry: { type: "hurry" },
    retimed: { type: "retimed", previous: SETTINGS },
    held: { type: "held", generation },
    released: { type: "released", generation },
    probeOk: { type: "probeOk", generation },
    spawnFailed: { type: "spawnFailed", generation, error },
    exited: exited(generation),
    gone: { type: "gone", generation },
    due: { type: "due" },
  });
  const table: Record<LifeState["state"], Record<string, string>> = {
    stopped: { ensure: "starting spawn1", stop: "stopped stopped" },
    starting: {
      stop: "stopping terminate1",
      probeOk: "ready started",
      spawnFailed: "stopped startFailed:start_failed stopped",
      exited: "stopping kill1",
      gone: "stopped stopped",
    },
    ready: {
      ensure: "ready started",
      stop: "stopping terminate1",
      exited: "stopping kill1",
      gone: "stopped stopped",
    },
    stopping: {
      hurry: "stopping kill1",
      spawnFailed: "stopped stopped",
      exited: "stopping kill1",
      gone: "stopped stopped",
    },
    stuck: {
      ensure: "stopping kill1",
      stop: "stopping kill1",
      spawnFailed: "stopped stopped",
      gone: "stopped stopped",
    },
  };
  for (const state of ["stopped", "starting", "ready", "stopping", "stuck"] as const) {
    const { generation } = aStoryIn(state).life;
    for (const [name, event] of Object.entries(events(generation))) {
      const story = aStoryIn(state);
      const wishes = story.tell(0, event);
      const expected = table[state][name] ?? state;
      assertEquals(`${story.life.state} ${wishes}`.trim(), expected, `${state} × ${name}`);
    }
  }
});

Deno.test("a fact of an earlier generation changes nothing, in any state", () => {
  const error = new GatewayError("start_failed", "no");
  for (const state of ["stopped", "starting", "ready", "stopping", "stuck"] as const) {
    const { life } = aStoryIn(state);
    const stale = life.generation - 1;
    const facts: Told[] = [
      { type: "held", generation: stale },
      { type: "released", generation: stale },
      { type: "probeOk", generation: stale },
      { type: "spawnFailed", generation: stale, error },
      exited(stale),
      { type: "gone", generation: stale },
    ];
    for (const fact of facts) {
      const [after, commands] = transition(life, { ...fact, at: 9 } as LifeEvent, SETTINGS);
      assertStrictEquals(after, life, `${state} × ${fact.type}`);
      assertEquals(commands, []);
    }
  }
});

Deno.test("G1: an ensure while stopping starts anew, and only after the group is gone", () => {
  const story = ready();
  story.tell(0, { type: "stop" });
  assertEquals(story.tell(1, { type: "ensure" }), "");
  assertEquals(story.tell(2, exited()), "kill1");
  assertEquals(story.life.state, "stopping");
  assertEquals(story.tell(3, { type: "gone", generation: 1 }), "stopped spawn2");
  assertEquals(story.life, { state: "starting", generation: 2, deadline: 1_003 });
});

Deno.test("a stop takes back a start that waits for an earlier stop", () => {
  const story = ready();
  story.tell(0, { type: "stop" });
  story.tell(1, { type: "ensure" });
  assertEquals(story.tell(2, { type: "stop" }), "startFailed:model_unloaded");
  assertEquals(story.tell(3, { type: "gone", generation: 1 }), "stopped");
  assertEquals(story.life.state, "stopped");
});

Deno.test("a stop while starting fails the start with model_unloaded once the group is gone", () => {
  const story = aStoryIn("starting");
  assertEquals(story.tell(1, { type: "stop" }), "terminate1");
  assertEquals(story.tell(2, { type: "probeOk", generation: 1 }), "");
  assertEquals(story.tell(3, exited()), "kill1");
  assertEquals(story.tell(4, { type: "gone", generation: 1 }), "startFailed:model_unloaded stopped");
});

Deno.test("a backend that is not ready at its deadline is stopped, and its start fails with start_timeout", () => {
  const story = aStoryIn("starting");
  assertEquals(dueAt(story.life), 1_000);
  assertEquals(story.tell(999, { type: "due" }), "");
  assertEquals(story.tell(1_000, { type: "due" }), "terminate1");
  assertEquals(story.tell(1_001, { type: "gone", generation: 1 }), "startFailed:start_timeout stopped");
});

Deno.test("a backend that exits while starting fails with its exit code and its last lines", () => {
  const story = aStoryIn("starting");
  assertEquals(story.tell(1, exited(1, 127)), "kill1");
  assertEquals(story.tell(2, { type: "gone", generation: 1 }), "startFailed:start_failed stopped");
  const [error] = story.errors;
  assertStringIncludes(String(error?.detail), "exit code 127 (the program was not found or cannot be run)");
  assertStringIncludes(String(error?.detail), "last words");
});

Deno.test("a crash while ready is stopping until no member is left, then stopped", () => {
  const story = ready();
  assertEquals(story.tell(5, exited(1, 139)), "kill1");
  assertEquals(phaseOf(story.life), "stopping");
  assertEquals(dueAt(story.life), 5 + KILL_BOUND_MS);
  assertEquals(story.tell(6, { type: "gone", generation: 1 }), "stopped");
  assertEquals(phaseOf(story.life), "stopped");
});

Deno.test("the idle time counts from readiness, and anew from the end of the last hold", () => {
  const story = new Story();
  story.tell(0, { type: "ensure" });
  story.tell(50, { type: "probeOk", generation: 1 });
  assertEquals(dueAt(story.life), 350);
  story.tell(60, { type: "held", generation: 1 });
  story.tell(61, { type: "held", generation: 1 });
  assertEquals(dueAt(story.life), null);
  story.tell(400, { type: "released", generation: 1 });
  assertEquals(dueAt(story.life), null);
  assertEquals(story.tell(401, { type: "due" }), "");
  story.tell(500, { type: "released", generation: 1 });
  assertEquals(dueAt(story.life), 800);
  assertEquals(story.tell(799, { type: "due" }), "");
  assertEquals(story.tell(800, { type: "due" }), "terminate1");
});

Deno.test("without a ttl a backend is never unloaded for being idle", () => {
  const story = ready({ ...SETTINGS, ttlMs: null });
  assertEquals(dueAt(story.life), null);
  story.tell(1, { type: "held", generation: 1 });
  story.tell(2, { type: "released", generation: 1 });
  assertEquals(dueAt(story.life), null);
  assertEquals(story.tell(1e9, { type: "due" }), "");
});

Deno.test("new bounds hold for what runs: a start's deadline and an idle time are moved, as if they had always been so", () => {
  const told = (story: Story, at: number, previous: LifeSettings, next: LifeSettings): number | null => {
    const [life] = transition(story.life, { type: "retimed", at, previous }, next);
    return dueAt(life);
  };
  const starting = aStoryIn("starting");
  assertEquals(told(starting, 400, SETTINGS, { ...SETTINGS, startTimeoutMs: 3_000 }), 3_000);
  assertEquals(told(starting, 400, SETTINGS, { ...SETTINGS, startTimeoutMs: 100 }), 100);
  const idle = ready();
  assertEquals(told(idle, 200, SETTINGS, { ...SETTINGS, ttlMs: 900 }), 900);
  assertEquals(told(idle, 200, SETTINGS, { ...SETTINGS, ttlMs: null }), null);
  const never = { ...SETTINGS, ttlMs: null };
  assertEquals(told(ready(never), 200, never, SETTINGS), 500);
  const held = ready();
  held.tell(1, { type: "held", generation: 1 });
  assertEquals(told(held, 200, SETTINGS, { ...SETTINGS, ttlMs: 900 }), null);
  for (const state of ["stopped", "stopping", "stuck"] as const) {
    const story = aStoryIn(state);
    assertEquals(
      told(story, 200, SETTINGS, { ...SETTINGS, stopGraceMs: 9, startTimeoutMs: 9 }),
      dueAt(story.life),
      state,
    );
  }
});

Deno.test("SIGKILL follows when the grace has passed, and not before", () => {
  const story = ready();
  story.tell(10, { type: "stop" });
  assertEquals(story.tell(109, { type: "due" }), "");
  assertEquals(story.tell(110, { type: "due" }), "kill1");
  assertEquals(dueAt(story.life), 110 + KILL_BOUND_MS);
});

Deno.test("G1: a survivor of SIGKILL fails the stop, and a later ensure kills again and spawns only after gone", () => {
  const story = stuck();
  assertEquals(phaseOf(story.life), "stopping");
  assertEquals(dueAt(story.life), null);
  assertEquals(story.tell(10_000, { type: "ensure" }), "kill1");
  assertEquals(
    story.tell(10_000 + KILL_BOUND_MS, { type: "due" }),
    "stopFailed:stop_failed startFailed:stop_failed",
  );
  assertEquals(story.tell(20_000, { type: "ensure" }), "kill1");
  assertEquals(story.tell(20_001, { type: "gone", generation: 1 }), "stopped spawn2");
});

Deno.test("G1: whatever happens, no generation is spawned before the one before it is gone", () => {
  const kind = fc.constantFrom(
    "ensure",
    "stop",
    "held",
    "released",
    "probeOk",
    "spawnFailed",
    "exited",
    "gone",
    "due",
  );
  const happening = fc.record({ kind, afterMs: fc.constantFrom(0, 1, 50, 100, 1_000, 5_000), stale: fc.boolean() });
  fc.assert(fc.property(fc.array(happening, { maxLength: 60 }), (happenings) => {
    let life = INITIAL_LIFE;
    let at = 0;
    let alive: number | null = null;
    for (const { kind, afterMs, stale } of happenings) {
      at += afterMs;
      // What ends a group is told of a group that lives, or is stale.
      const ends = kind === "gone" || kind === "spawnFailed" || kind === "exited";
      if (ends && alive === null && !stale) continue;
      const generation = life.generation - (stale ? 1 : 0);
      const error = new GatewayError("start_failed", "no");
      const event = { type: kind, at, generation, error, exit: { code: 1, signal: null }, lastLines: "" };
      const told = kind === "ensure" || kind === "stop" || kind === "due" ? { type: kind, at } : event;
      const [next, commands] = transition(life, told as LifeEvent, SETTINGS);
      if (!stale && (kind === "gone" || kind === "spawnFailed")) alive = null;
      for (const command of commands) {
        if (command.type !== "spawn") continue;
        assertEquals(alive, null, "spawned beside a group that is not gone");
        assertEquals(command.generation, life.generation + 1);
        alive = command.generation;
      }
      life = next;
      if (life.state === "stopped") assertEquals(alive, null, "called stopped while a group lives");
    }
  }));
});
