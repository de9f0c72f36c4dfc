import { assert, assertEquals, assertFalse, assertThrows } from "@std/assert";
import { lives, overlaps, parseEvents, served } from "../e2e/observer/intervals.ts";
import type { EngineEvent } from "./engine_events.ts";
import { parseEngineOptions } from "./engine_options.ts";

/** A fake engine that runs: where it listens, and its end. */
interface RunningEngine extends AsyncDisposable {
  readonly origin: string;
  readonly child: Deno.ChildProcess;
  events(): EngineEvent[];
}

Deno.test("a wrong flag of the fake engine is refused by name, so that no test runs another engine than it thinks", () => {
  assertThrows(() => parseEngineOptions(["--lod-ms", "5"]), Error, "--lod-ms");
  assertThrows(() => parseEngineOptions(["--load-ms", "soon"]), Error, "--load-ms");
  assertThrows(() => parseEngineOptions(["--port"]), Error, "--port");
  assertEquals(parseEngineOptions(["--port=5", "--ignore-sigterm"]).ignoreSigterm, true);
});

Deno.test("the fake engine streams, answers and echoes, and writes down who was served and that it ended", async () => {
  await using engine = await startEngine(["--model", "m", "--tokens", "3"]);
  const body = JSON.stringify({ stream: true, user: "first" });
  const stream = await fetch(`${engine.origin}/v1/chat/completions`, { method: "POST", body });
  assert((await stream.text()).endsWith("data: [DONE]\n\n"));
  const echo = await fetch(`${engine.origin}/anything?x=1`, { headers: { "x-tag": "second" } });
  const seen = await echo.json() as Record<string, unknown>;
  assertEquals([seen["path"], seen["query"], seen["sequence"], seen["model"]], ["/anything", "?x=1", 2, "m"]);
  engine.child.kill("SIGTERM");
  assertEquals((await engine.child.status).code, 0);
  const events = engine.events();
  assertEquals(served(events).map(({ tag, how }) => [tag, how]), [["first", "request-end"], ["second", "request-end"]]);
  assertEquals(lives(events).map(({ model, exited, code }) => [model, exited, code]), [["m", true, 0]]);
});

Deno.test("the fake engine notices a client that leaves in the middle of a stream", async () => {
  await using engine = await startEngine(["--tokens", "1000000", "--token-ms", "5"]);
  const body = JSON.stringify({ stream: true });
  const response = await fetch(`${engine.origin}/v1/completions`, { method: "POST", body });
  const reader = response.body?.getReader();
  await reader?.read();
  await reader?.cancel();
  while (served(engine.events())[0]?.how === "lost") await (await fetch(`${engine.origin}/health`)).body?.cancel();
  assertEquals(served(engine.events()).map(({ how }) => how), ["client-left"]);
});

Deno.test("the fake engine tells that it met another one on the accelerator, also when the other is killed later", async () => {
  const accelerator = await Deno.makeTempFile();
  try {
    await using first = await startEngine(["--accelerator", accelerator]);
    await using second = await startEngine(["--accelerator", accelerator]);
    first.child.kill("SIGKILL");
    await first.child.status;
    await using third = await startEngine(["--accelerator", accelerator]);
    assertEquals(overlaps(first.events()).length, 0);
    assertEquals(overlaps(second.events()).length, 1);
    assertFalse(third.events().some(({ event }) => event === "overlap"));
  } finally {
    await Deno.remove(accelerator);
  }
});

Deno.test("the fake engine crashes on start with the code asked for, after it said why", async () => {
  const output = await new Deno.Command(Deno.execPath(), { args: engineArgs(["--crash-on-start", "7"]) }).output();
  assertEquals(output.code, 7);
  assert(new TextDecoder().decode(output.stderr).includes("cannot allocate"));
});

Deno.test("the fake engine breaks its stream when it crashes in the middle", async () => {
  await using engine = await startEngine(["--crash-mid-stream", "--tokens", "6"]);
  const body = JSON.stringify({ stream: true });
  const response = await fetch(`${engine.origin}/v1/completions`, { method: "POST", body });
  const outcome = await response.text().then(() => "ended", () => "broken");
  assertEquals([outcome, (await engine.child.status).code], ["broken", 1]);
  assertEquals(served(engine.events()).map(({ how }) => how), ["lost"]);
});

function engineArgs(flags: readonly string[]): string[] {
  const script = new URL("./engine.ts", import.meta.url).pathname;
  return ["run", "--no-lock", "--allow-net", "--allow-read", "--allow-write", script, ...flags];
}

/** Starts an engine on a port of its own choice and waits until it says that it is ready. */
async function startEngine(flags: readonly string[]): Promise<RunningEngine> {
  const file = await Deno.makeTempFile({ suffix: ".jsonl" });
  const child = new Deno.Command(Deno.execPath(), {
    args: engineArgs(["--events", file, ...flags]),
    stdin: "null",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  let text = "";
  let port = "";
  for await (const part of child.stdout.pipeThrough(new TextDecoderStream())) {
    text += part;
    port = /127\.0\.0\.1:(\d+)\n/.exec(text)?.[1] ?? "";
    if (port !== "" && text.includes("fake engine ready\n")) break;
  }
  return {
    origin: `http://127.0.0.1:${port}`,
    child,
    events: () => parseEvents(Deno.readTextFileSync(file)),
    async [Symbol.asyncDispose]() {
      try {
        child.kill("SIGKILL");
      } catch {
        // it has ended by itself
      }
      await child.status;
      await Deno.remove(file);
    },
  };
}
