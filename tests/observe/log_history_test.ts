import { assertEquals } from "@std/assert";
import { followStream, LogHistory } from "../../src/observe/log_history.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

async function read(follower: { next(): Promise<Uint8Array | null> }): Promise<string | null> {
  const chunk = await follower.next();
  return chunk === null ? null : new TextDecoder().decode(chunk);
}

Deno.test("§3.9.1: a history keeps the newest 102,400 bytes", () => {
  const history = new LogHistory();
  history.push(bytes("x".repeat(1000)));
  history.push(bytes("y".repeat(102_400)));
  assertEquals(history.text(), "y".repeat(102_400));
});

Deno.test("a follower reads the history and then what comes, nothing missed and nothing twice", async () => {
  const history = new LogHistory();
  history.push(bytes("before "));
  const follower = history.follow({ withHistory: true });
  history.push(bytes("after"));
  assertEquals([await read(follower), await read(follower)], ["before ", "after"]);
  const waiting = read(follower);
  history.push(bytes(" live"));
  assertEquals(await waiting, " live");
  follower.cancel();
});

Deno.test("a follower that wants no history begins with what comes", async () => {
  const history = new LogHistory();
  history.push(bytes("before"));
  const follower = history.follow({ withHistory: false });
  history.push(bytes("after"));
  assertEquals(await read(follower), "after");
  follower.cancel();
});

Deno.test("§3.9.4: a slow follower holds nothing up: it is told where and how much it missed", async () => {
  const history = new LogHistory({ followerBytes: 1000 });
  const slow = history.follow({ withHistory: false });
  for (let i = 0; i < 10; i++) history.push(bytes(String(i).repeat(300)));
  assertEquals([await read(slow), await read(slow)], ["0".repeat(300), "1".repeat(300)]);
  history.push(bytes("while it has not caught up"));
  assertEquals(await read(slow), `\n— ${8 * 300 + 26} bytes dropped —\n`);
  history.push(bytes("and now it has"));
  assertEquals(await read(slow), "and now it has");
  slow.cancel();
});

Deno.test("many tiny chunks are bounded as well as few large ones", async () => {
  const history = new LogHistory({ followerBytes: 1000 });
  const slow = history.follow({ withHistory: false });
  for (let i = 0; i < 5000; i++) history.push(bytes("."));
  let pieces = 0;
  while (await read(slow) === ".") pieces++;
  assertEquals(pieces, 7);
  slow.cancel();
});

Deno.test("a chunk that its writer uses again is not changed for those who follow", async () => {
  const history = new LogHistory();
  const follower = history.follow({ withHistory: false });
  const chunk = bytes("first");
  history.push(chunk);
  chunk.fill(0);
  assertEquals(await read(follower), "first");
  follower.cancel();
});

Deno.test("closing ends every follower after what it was given, and later ones after the history", async () => {
  const history = new LogHistory();
  const [early, waiting] = [history.follow({ withHistory: true }), history.follow({ withHistory: true })];
  const ended = (async () => [await read(waiting), await read(waiting)])();
  history.push(bytes("last words"));
  history.close();
  assertEquals([await read(early), await read(early)], ["last words", null]);
  assertEquals(await ended, ["last words", null]);
  const late = history.follow({ withHistory: true });
  assertEquals([await read(late), await read(late)], ["last words", null]);
  assertEquals(history.followers, 0);
});

Deno.test("a stream follows from its first read on, and a reader that leaves is forgotten", async () => {
  const history = new LogHistory();
  const stream = followStream(history, { withHistory: true });
  assertEquals(history.followers, 0, "an answer to HEAD is never read");
  history.push(bytes("one"));
  const reader = stream.getReader();
  assertEquals((await reader.read()).value, bytes("one"));
  assertEquals(history.followers, 1);
  await reader.cancel();
  assertEquals(history.followers, 0);
});
