import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { freePort } from "../fakes/free_port.ts";
import { type Outcome, run } from "./fake_terminal.ts";

/** Runs a command against a server that answers with `answer`; tells what it was asked. */
async function ask(
  args: readonly string[],
  answer: (request: Request) => Response,
  env: Readonly<Record<string, string>> = {},
): Promise<Outcome & { readonly asked: readonly string[]; readonly keys: readonly (string | null)[] }> {
  const [asked, keys]: [string[], (string | null)[]] = [[], []];
  const onError = () => new Response(null, { status: 500 }); // not printed
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {}, onError }, (request) => {
    const { pathname, search } = new URL(request.url);
    asked.push(`${request.method} ${pathname}${search}`);
    keys.push(request.headers.get("authorization"));
    return answer(request);
  });
  const url = `http://127.0.0.1:${server.addr.port}`;
  const outcome = await run([...args, "-url", url], { env: (name) => env[name] });
  await server.shutdown();
  return { ...outcome, asked, keys };
}

const QUEUE = {
  resident: "qwen",
  running: [{ model: "qwen", phase: "ready" }],
  active: [{ id: "one", model: "qwen", phase: "serving", ageMs: 12_340 }],
  waiting: [{ id: "two", model: "gemma", position: 1, ageMs: 192_000, estimatedWaitMs: 41_000 }],
  total: 3,
};

Deno.test("queue prints who is served and who waits, in order, and how many more there are", async () => {
  const { code, out, asked } = await ask(["queue"], () => Response.json(QUEUE));
  assertEquals([code, asked], [0, ["GET /api/queue?limit=1000"]]);
  assertEquals(
    out,
    `Running: qwen (ready)
PLACE    MODEL  AGE         TO GO   REQUEST
serving  qwen   12.3 s              one
1        gemma  3 min 12 s  41.0 s  two
… and 2 more
`,
  );
  const empty = { running: [], active: [], waiting: [], total: 0 };
  assertEquals(
    (await ask(["queue"], () => Response.json(empty))).out,
    "Running: no model\nNothing is served and nobody waits.\n",
  );
  assertEquals(JSON.parse((await ask(["queue", "-json"], () => Response.json(QUEUE))).out), QUEUE);
});

Deno.test("a terminal with colours gets a bold head, and only that", async () => {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, () => Response.json(QUEUE));
  const url = `http://127.0.0.1:${server.addr.port}`;
  const { out } = await run(["queue"], { color: true, env: (name) => name === "BERTH_URL" ? url : undefined });
  assertStringIncludes(out, "\x1b[1mPLACE    MODEL  AGE         TO GO   REQUEST\x1b[0m\nserving");
  await server.shutdown();
});

Deno.test("unload names its models in the path, or none for all", async () => {
  const ok = () => new Response("OK");
  assertEquals((await ask(["unload"], ok)).asked, ["POST /api/models/unload"]);
  const { code, out, asked } = await ask(["unload", "org/quick", "b"], ok);
  assertEquals([code, out], [0, "Unloaded: org/quick, b\n"]);
  assertEquals(asked, ["POST /api/models/unload/org%2Fquick", "POST /api/models/unload/b"]);
});

Deno.test("reload prints what changed, or what is wrong with exit code 1", async () => {
  const done = { status: "reloaded", problems: [], warnings: ["w"], changed: ["a", "b"], added: ["c"], removed: [] };
  const more = { ...done, settings: ["ttl"], draining: ["a"] };
  const reloaded = await ask(["reload"], () => Response.json(done));
  assertEquals([reloaded.code, reloaded.asked], [0, ["POST /api/config/reload"]]);
  assertEquals([reloaded.out, reloaded.err], ["Reloaded\n  added: c\n  changed: a, b\n", "warning: w\n"]);
  const full = (await ask(["reload"], () => Response.json(more))).out;
  assertStringIncludes(full, "  settings: ttl\n  ending when they have served: a\n");
  const unchanged = await ask(["reload"], () => Response.json({ status: "unchanged" }));
  assertEquals([unchanged.code, unchanged.out], [0, "Unchanged: the config in force says the same\n"]);
  const bad = { status: "rejected", problems: ["c.yaml:1:1: no"], warnings: [], changed: [], added: [], removed: [] };
  const rejected = await ask(["reload"], () => Response.json(bad, { status: 422 }));
  assertEquals([rejected.code, rejected.err], [1, "c.yaml:1:1: no\n"]);
  assertStringIncludes(rejected.out, "Rejected");
});

Deno.test("logs copies the history; -f goes on until the gateway ends it, and says so", async () => {
  const once = await ask(["logs", "org/quick"], () => new Response("line\n"));
  assertEquals([once.code, once.out, once.err], [0, "line\n", ""]);
  assertEquals(once.asked, ["GET /logs/stream/org%2Fquick?no-follow"]);
  const followed = await ask(
    ["logs", "-f"],
    () => new Response(ReadableStream.from(["a\n", "b\n"]).pipeThrough(new TextEncoderStream())),
  );
  assertEquals([followed.code, followed.out, followed.asked], [0, "a\nb\n", ["GET /logs/stream"]]);
  assertStringIncludes(followed.err, "the gateway has ended the log");
});

Deno.test("a log that breaks off is exit code 1", async () => {
  const breaking = () =>
    new Response(
      new ReadableStream({
        pull(controller) {
          controller.enqueue(new TextEncoder().encode("half a l"));
          controller.error(new Error("broken"));
        },
      }),
    );
  const { code, err } = await ask(["logs", "-f"], breaking);
  assertEquals(code, 1);
  assertStringIncludes(err, "the connection to the gateway broke");
});

Deno.test("the key comes from the flag or BERTH_API_KEY, and is never printed", async () => {
  const refuse = () => Response.json({ error: { message: "no" } }, { status: 401 });
  for (
    const [args, env] of [[["queue", "-key", "sesame-1"], {}], [["queue"], { BERTH_API_KEY: "sesame-1" }]] as const
  ) {
    const { code, out, err, keys } = await ask(args, refuse, env);
    assertEquals([code, out, keys], [1, "", ["Bearer sesame-1"]]);
    assertStringIncludes(err, "wants a key");
    assert(!err.includes("sesame-1"));
  }
  assertEquals((await ask(["queue"], () => Response.json(QUEUE))).keys, [null]);
});

Deno.test("what the gateway says when it refuses is told, with exit code 1", async () => {
  const unknown = () => Response.json({ error: { message: 'The model "x" does not exist' } }, { status: 404 });
  const { code, err } = await ask(["unload", "x"], unknown);
  assertEquals(code, 1);
  assertStringIncludes(err, 'answered 404: The model "x" does not exist');
});

Deno.test("where no gateway answers every command says so with exit code 3", async () => {
  const url = `http://127.0.0.1:${freePort()}`;
  for (const args of [["queue"], ["unload"], ["reload"], ["logs"], ["logs", "-f"]]) {
    const { code, out, err } = await run([...args, "-url", url]);
    assertEquals([code, out], [3, ""]);
    assertStringIncludes(err, `no gateway answers at ${url} (connection refused)`);
  }
});
