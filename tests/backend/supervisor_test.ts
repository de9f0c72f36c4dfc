import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { GATEWAY_MARK } from "../../src/backend/watchdog.ts";
import { GatewayError } from "../../src/errors.ts";
import {
  childrenWith,
  isAlive,
  membersOf,
  numberFrom,
  processes,
  specOf,
  start,
  until,
  within,
  withSupervisor,
} from "./processes.ts";

/** Real processes and `/proc`. */
const ignore = Deno.build.os !== "linux";

Deno.test({
  name: "G1: a grandchild that ignores SIGTERM is killed before the group counts as gone",
  ignore,
  fn: () =>
    withSupervisor(async (supervisor) => {
      const script = `sh -c 'trap "" TERM; echo $$; while :; do sleep 60; done' & wait`;
      const { group, terminate, exited, gone, told } = await start(supervisor, specOf(script));
      const grandchild = await numberFrom(supervisor);
      assert(await isAlive(grandchild));
      terminate();
      assertEquals((await exited).signal, "SIGTERM");
      await gone;
      assertEquals(await membersOf(group.pid), []);
      assert(!await isAlive(grandchild));
      assertEquals(told, ["exited", "gone"]);
    }),
});

Deno.test({
  name: "G1: when the leader exits by itself its survivors are killed before the group counts as gone",
  ignore,
  fn: () =>
    withSupervisor(async (supervisor) => {
      const { group, exited, gone } = await start(supervisor, specOf("sleep 60 & echo $!; exit 3"));
      assertEquals(await exited, { code: 3, signal: null });
      await gone;
      assertEquals(await membersOf(group.pid), []);
      assert(!await isAlive(await numberFrom(supervisor)));
    }),
});

Deno.test({
  name: "a program that does not exist ends with exit code 127",
  ignore,
  fn: () =>
    withSupervisor(async (supervisor) => {
      const spec = specOf("", { command: ["/no/such/program", "x"] });
      const { exited, gone } = await start(supervisor, spec);
      assertEquals((await exited).code, 127);
      await gone;
    }),
});

Deno.test({
  name: "what a backend wrote last is known when its exit is told, from both outputs",
  ignore,
  fn: () =>
    withSupervisor(async (supervisor) => {
      for (let round = 0; round < 10; round++) {
        const { exited, gone } = await start(supervisor, specOf(`echo out${round}; echo err${round} >&2; exit 1`));
        await exited;
        assertStringIncludes(supervisor.lastLines("m", 20), `out${round}`);
        assertStringIncludes(supervisor.lastLines("m", 20), `err${round}`);
        await gone;
      }
    }),
});

Deno.test({
  name: "20,000 lines of output neither block the backend nor take more than 100 KiB",
  ignore,
  fn: () =>
    withSupervisor(async (supervisor) => {
      const script = 'i=0; while [ $i -lt 20000 ]; do i=$((i+1)); echo "line $i of the output"; done';
      const { exited, gone } = await start(supervisor, specOf(script));
      assertEquals((await exited).code, 0);
      assert(supervisor.output("m").endsWith("line 20000 of the output\n"), "known when the exit is told");
      await gone;
      const output = supervisor.output("m");
      assert(output.length <= 100 * 1024);
      assert(output.length > 90 * 1024);
      assert(output.endsWith("line 20000 of the output\n"));
    }),
});

Deno.test({
  name: "the stop command is run with the process id, and its output is kept",
  ignore,
  fn: () =>
    withSupervisor(async (supervisor) => {
      const stopCommand = (pid: number) => ["sh", "-c", `echo stopping ${pid}; kill -s USR1 ${pid}`];
      const script = 'trap "echo asked; exit 7" USR1; echo up; while :; do sleep 0.05; done';
      const { group, terminate, exited, gone } = await start(supervisor, specOf(script, { stopCommand }));
      await until("it is up", () => supervisor.output("m").includes("up"));
      terminate();
      assertEquals((await exited).code, 7);
      await gone;
      await until("the output", () => supervisor.output("m").includes(`stopping ${group.pid}`));
      assertStringIncludes(supervisor.output("m"), "asked");
    }),
});

Deno.test({
  name: "a stop command that fails or cannot run is followed by SIGTERM",
  ignore,
  fn: () =>
    withSupervisor(async (supervisor) => {
      for (const command of [["sh", "-c", "exit 1"], ["/no/such/program"]]) {
        const { terminate, exited, gone } = await start(supervisor, specOf("sleep 60", { stopCommand: () => command }));
        terminate();
        assertEquals((await exited).signal, "SIGTERM");
        await gone;
      }
    }),
});

Deno.test({
  name: "a port that somebody answers on fails the start, and the program is named",
  ignore,
  fn: () =>
    withSupervisor(async (supervisor) => {
      const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
      try {
        const spec = specOf("sleep 60", { proxy: `http://127.0.0.1:${listener.addr.port}` });
        const error = await assertRejects(() => start(supervisor, spec), GatewayError);
        assertEquals(error.code, "start_failed");
        assertStringIncludes(String(error.detail), `(pid ${Deno.pid})`);
        assertEquals(await childrenWith("sleep 60"), []);
      } finally {
        listener.close();
      }
    }),
});

Deno.test({
  name: "G3: a watchdog that is killed is replaced, and the new one ends the groups of the old one",
  ignore,
  fn: () =>
    withSupervisor(async (supervisor) => {
      const first = await start(supervisor, specOf("sleep 60"));
      const [watchdog = 0] = await childrenWith("trap '' INT TERM HUP");
      assert(watchdog > 0);
      Deno.kill(watchdog, "SIGKILL");
      const second = await start(supervisor, specOf("sleep 60", { model: "n" }));
      await until("a new watchdog", async () => {
        const [found] = await childrenWith("trap '' INT TERM HUP");
        return found !== undefined && found !== watchdog;
      });
      await supervisor.close(); // its input ends, as it does when the gateway dies
      assertEquals((await first.exited).signal, "SIGTERM");
      assertEquals((await second.exited).signal, "SIGTERM");
      await Promise.all([first.gone, second.gone]);
    }),
});

Deno.test({
  name: "G3: a watchdog that is killed is replaced at once, without another start",
  ignore,
  fn: () =>
    withSupervisor(async (supervisor) => {
      const { exited, gone } = await start(supervisor, specOf("sleep 60"));
      const [watchdog = 0] = await childrenWith("trap '' INT TERM HUP");
      Deno.kill(watchdog, "SIGKILL");
      await until("a new watchdog", async () => {
        const [found] = await childrenWith("trap '' INT TERM HUP");
        return found !== undefined && found !== watchdog;
      });
      await supervisor.close();
      assertEquals((await exited).signal, "SIGTERM");
      await gone;
    }),
});

/** Starts the small gateway, with words before its backend's command; resolves when the backend ignores SIGTERM. */
async function startGateway(...before: string[]) {
  const gateway = new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-run", "--allow-net", new URL("fixtures/gateway.ts", import.meta.url).pathname, ...before],
    stdin: "null",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const reader = gateway.stdout.getReader();
  const { value } = await within(reader.read());
  const group = Number.parseInt(new TextDecoder().decode(value));
  assert((await membersOf(group)).length > 0);
  return { gateway, reader, group };
}

Deno.test({
  name: "G3: a gateway that is killed with SIGKILL leaves no process behind, not even one that ignores SIGTERM",
  ignore,
  fn: async () => {
    const { gateway, reader, group } = await startGateway("env", "-u", GATEWAY_MARK); // no sweep finds it
    gateway.kill("SIGKILL");
    await gateway.status;
    await until("no member is left", async () => (await membersOf(group)).length === 0);
    await reader.cancel();
  },
});

Deno.test({
  name: "G3: what a gateway left behind whose watchdog died too is ended before the next gateway's first start",
  ignore,
  fn: () =>
    withSupervisor(async (supervisor) => {
      const { gateway, reader, group } = await startGateway();
      gateway.kill("SIGSTOP"); // so that it cannot replace its watchdog
      const all = await processes();
      const watchdog = all.find(({ parent, command }) => parent === gateway.pid && command.includes("trap '' INT"));
      assert(watchdog !== undefined);
      Deno.kill(watchdog.pid, "SIGKILL");
      gateway.kill("SIGKILL");
      await gateway.status;
      await reader.cancel();
      assert((await membersOf(group)).length > 0);
      const { exited, gone } = await start(supervisor, specOf("exit 0"));
      await exited;
      await gone;
      await until("no member is left", async () => (await membersOf(group)).length === 0);
    }),
});
