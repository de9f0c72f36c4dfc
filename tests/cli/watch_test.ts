import { assertEquals } from "@std/assert";
import { lookAt, SETTLE_MS, WATCH_INTERVAL_MS, watchConfig } from "../../src/cli/watch.ts";
import { silentLog } from "../../src/log.ts";
import { type HandClock, handClock } from "../tiny/hand_clock.ts";

interface Scene {
  readonly folder: string;
  readonly clock: HandClock;
  /** How often a change was told. */
  changes(): number;
  /** Lets so much time pass that anything which is there and stands still would have been told. */
  wait(): Promise<void>;
  /** The next look. */
  look(afterMs: number): Promise<void>;
  stop(): void;
}

const LONG_AGO = new Date("2020-01-01T00:00:00Z");

/** Watches `file`, `dir` or both in a folder that `prepare` has filled. */
async function scene(
  watched: { readonly file?: string; readonly dir?: string },
  prepare: (folder: string) => Promise<void>,
  act: (scene: Scene) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "berth-watch-" });
  try {
    await prepare(folder);
    const paths = {
      file: watched.file === undefined ? null : `${folder}/${watched.file}`,
      dir: watched.dir === undefined ? null : `${folder}/${watched.dir}`,
    };
    const clock = handClock();
    let changes = 0;
    const first = await lookAt(paths, silentLog);
    const stop = watchConfig({ paths, first, clock, log: silentLog, onChange: () => void changes++ });
    const look = async (afterMs: number) => {
      clock.advance(afterMs);
      await clock.asked(); // the look has ended: the next one is planned
    };
    await act({
      folder,
      clock,
      changes: () => changes,
      look,
      wait: async () => {
        await look(WATCH_INTERVAL_MS);
        await look(WATCH_INTERVAL_MS);
      },
      stop,
    });
    stop();
    assertEquals(clock.waiting(), 0);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function write(path: string, text: string, mtime: Date = LONG_AGO): Promise<void> {
  await Deno.writeTextFile(path, text);
  await Deno.utime(path, mtime, mtime);
}

const oneFile = (folder: string) => write(`${folder}/c.yaml`, "one");

Deno.test("WA1: a file or folder that stays as it is never fires", () =>
  scene({ file: "c.yaml", dir: "." }, oneFile, async ({ wait, changes }) => {
    for (let i = 0; i < 5; i++) await wait();
    assertEquals(changes(), 0);
  }));

Deno.test("WA2: another time fires, and so does another size at the same time", () =>
  scene({ file: "c.yaml" }, oneFile, async ({ folder, wait, changes }) => {
    await write(`${folder}/c.yaml`, "two", new Date("2020-01-02T00:00:00Z"));
    await wait();
    assertEquals(changes(), 1);
    await write(`${folder}/c.yaml`, "longer", new Date("2020-01-02T00:00:00Z"));
    await wait();
    assertEquals(changes(), 2);
    await wait();
    assertEquals(changes(), 2, "once for each change");
  }));

Deno.test("WA2: a link that is pointed elsewhere fires, also where time and size are the same", () =>
  scene({ file: "c.yaml" }, async (folder) => {
    await write(`${folder}/one`, "one");
    await write(`${folder}/two`, "two");
    await Deno.symlink("one", `${folder}/c.yaml`);
  }, async ({ folder, wait, changes }) => {
    await Deno.symlink("two", `${folder}/new`);
    await Deno.rename(`${folder}/new`, `${folder}/c.yaml`);
    await wait();
    assertEquals(changes(), 1);
  }));

Deno.test("a config map of Kubernetes fires when its ..data link is swapped", () =>
  scene({ file: "c.yaml", dir: "." }, async (folder) => {
    for (const version of ["..1", "..2"]) {
      await Deno.mkdir(`${folder}/${version}`);
      await write(`${folder}/${version}/c.yaml`, `in ${version}`);
    }
    await Deno.symlink("..1", `${folder}/..data`);
    await Deno.symlink("..data/c.yaml", `${folder}/c.yaml`);
  }, async ({ folder, wait, changes }) => {
    await Deno.symlink("..2", `${folder}/..data_tmp`);
    await Deno.rename(`${folder}/..data_tmp`, `${folder}/..data`);
    await wait();
    assertEquals(changes(), 1, "file and folder differ, and one reload is enough");
  }));

Deno.test("an editor that writes by rename fires, also where time and size are the same", () =>
  scene({ file: "c.yaml" }, oneFile, async ({ folder, wait, changes }) => {
    await write(`${folder}/c.yaml.tmp`, "two");
    await Deno.rename(`${folder}/c.yaml.tmp`, `${folder}/c.yaml`);
    await wait();
    assertEquals(changes(), 1);
  }));

Deno.test("WA3: a file that is removed is passed over in silence, and fires when it is back", () =>
  scene({ file: "c.yaml" }, oneFile, async ({ folder, wait, changes }) => {
    await Deno.rename(`${folder}/c.yaml`, `${folder}/away`);
    await wait();
    assertEquals(changes(), 0);
    await Deno.rename(`${folder}/away`, `${folder}/c.yaml`);
    await wait();
    assertEquals(changes(), 1, "although it is the very same file");
  }));

Deno.test("WA4: in a folder, a file that comes, one that goes and one that changes fire", () =>
  scene({ dir: "." }, oneFile, async ({ folder, wait, changes }) => {
    await write(`${folder}/d.yaml`, "more");
    await wait();
    assertEquals(changes(), 1);
    await write(`${folder}/d.yaml`, "other", new Date("2020-01-02T00:00:00Z"));
    await wait();
    assertEquals(changes(), 2);
    await Deno.remove(`${folder}/c.yaml`);
    await wait();
    assertEquals(changes(), 3);
  }));

Deno.test("WA5: in a folder, only *.yaml and *.yml count, and nothing in folders below", () =>
  scene({ dir: "." }, oneFile, async ({ folder, wait, changes }) => {
    await write(`${folder}/notes.txt`, "x");
    await write(`${folder}/c.yaml~`, "x");
    await write(`${folder}/D.YAML`, "x");
    await Deno.mkdir(`${folder}/below.yaml`);
    await write(`${folder}/below.yaml/e.yaml`, "x");
    await wait();
    assertEquals(changes(), 0);
    await write(`${folder}/d.yml`, "x");
    await wait();
    assertEquals(changes(), 1);
  }));

Deno.test("WA6: a folder that is emptied or removed is passed over in silence, and fires when something is back", () =>
  scene({ dir: "d" }, async (folder) => {
    await Deno.mkdir(`${folder}/d`);
    await write(`${folder}/d/c.yaml`, "one");
  }, async ({ folder, wait, changes }) => {
    await Deno.remove(`${folder}/d/c.yaml`);
    await wait();
    await Deno.remove(`${folder}/d`);
    await wait();
    await Deno.mkdir(`${folder}/d`);
    await wait();
    assertEquals(changes(), 0);
    await write(`${folder}/d/c.yaml`, "one");
    await wait();
    assertEquals(changes(), 1);
  }));

Deno.test("WA7: once stopped nothing is looked at or told any more, not even what a running look finds", () =>
  scene({ file: "c.yaml" }, oneFile, async ({ folder, clock, changes, look, stop }) => {
    await write(`${folder}/c.yaml`, "longer");
    await look(WATCH_INTERVAL_MS);
    clock.advance(SETTLE_MS);
    stop();
    assertEquals(clock.waiting(), 0);
    await lookAt({ file: `${folder}/c.yaml`, dir: null }, silentLog);
    assertEquals(changes(), 0);
  }));

Deno.test("a file that is still being written is not told before it stands still", () =>
  scene({ file: "c.yaml" }, oneFile, async ({ folder, changes, look }) => {
    let text = "longer";
    await write(`${folder}/c.yaml`, text);
    await look(WATCH_INTERVAL_MS);
    for (let i = 0; i < 5; i++) {
      await write(`${folder}/c.yaml`, text += " and longer");
      await look(SETTLE_MS);
      assertEquals(changes(), 0);
    }
    await look(SETTLE_MS);
    assertEquals(changes(), 1);
  }));
