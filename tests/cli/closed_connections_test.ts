import { assertEquals } from "@std/assert";
import { ClosedConnections, kernelTable, openPorts } from "../../src/cli/closed_connections.ts";
import type { Clock } from "../../src/clock.ts";

const TABLE = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0
   1: 0100007F:1F90 0100007F:C001 01 00000000:00000000 00:00000000 00000000     0
   2: 0100007F:1F90 0100007F:C002 08 00000000:00000001 00:00000000 00000000     0
   3: 0100007F:1F91 0100007F:C003 01 00000000:00000000 00:00000000 00000000     0
   4: 0000000000000000FFFF00000100007F:1F90 0000000000000000FFFF00000100007F:C004 01 00000000:00000000 00:00000000
`;

Deno.test("a connection is open while the kernel has it as established at the listener's port", () => {
  assertEquals([...openPorts(TABLE, 0x1f90)], [0xc001, 0xc004]);
  assertEquals([...openPorts("", 0x1f90)], []);
});

Deno.test({
  name: "the kernel's table has a connection of this process until its other end is closed",
  ignore: Deno.build.os !== "linux",
  async fn() {
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const client = await Deno.connect({ port: listener.addr.port, hostname: "127.0.0.1" });
    const served = await listener.accept();
    const port = (client.localAddr as Deno.NetAddr).port;
    const isOpen = async () => openPorts(await kernelTable() ?? "", listener.addr.port).has(port);
    assertEquals(await isOpen(), true);
    client.close();
    assertEquals(await isOpen(), false);
    served.close();
    listener.close();
  },
});

/** A clock whose timers fire when they are told. */
function handClock(): { readonly clock: Clock; advance(ms: number): Promise<void> } {
  let now = 0;
  let timers: { readonly at: number; readonly run: () => void }[] = [];
  return {
    clock: {
      now: () => now,
      after(delayMs, run) {
        timers.push({ at: now + delayMs, run });
        return () => {};
      },
    },
    async advance(ms) {
      now += ms;
      const due = timers.filter(({ at }) => at <= now);
      timers = timers.filter(({ at }) => at > now);
      await Promise.all(due.map(({ run }) => run()));
    },
  };
}

Deno.test("a request whose connection is no longer open is told so; others, and those answered, are not", async () => {
  const { clock, advance } = handClock();
  let asked = 0;
  const connections = new ClosedConnections(0x1f90, clock, () => {
    asked++;
    return Promise.resolve(TABLE);
  });
  const told: string[] = [];
  const [stays, leaves, answered] = [0xc001, 0xc002, 0xc100].map((port) => {
    const connection = connections.begin(port);
    connection.onLeft = () => told.push(`left ${port.toString(16)}`);
    return connection;
  });
  answered?.answered();
  await advance(1000);
  assertEquals([told, asked], [[], 0]); // who waits less than a second is not asked about
  await advance(1000);
  assertEquals([told, asked], [["left c002"], 1]);
  leaves?.answered();
  stays?.answered();
  await advance(1000);
  await advance(1000);
  assertEquals([told.length, asked], [1, 1]);
});

Deno.test("where the kernel's table cannot be read, nobody is asked again", async () => {
  const { clock, advance } = handClock();
  let asked = 0;
  const connections = new ClosedConnections(1, clock, () => Promise.resolve(asked++ === 0 ? null : ""));
  connections.begin(2).onLeft = () => assertEquals("left", "unknown");
  for (let second = 0; second < 4; second++) await advance(1000);
  connections.begin(3);
  await advance(1000);
  assertEquals(asked, 1);
});
