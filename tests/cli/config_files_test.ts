import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { baseFolderOf, ConfigFileError, listConfigFiles, readConfigFiles } from "../../src/cli/config_files.ts";
import { ConfigErrors, loadConfig } from "../../src/config/load.ts";

type Content = string | Uint8Array;

/** Makes a folder with these files; it goes when it is disposed. */
function makeFolder(files: Readonly<Record<string, Content>>): { readonly path: string } & Disposable {
  const path = Deno.makeTempDirSync();
  for (const [name, content] of Object.entries(files)) {
    const file = `${path}/${name}`;
    Deno.mkdirSync(file.slice(0, file.lastIndexOf("/")), { recursive: true });
    if (typeof content === "string") Deno.writeTextFileSync(file, content);
    else Deno.writeFileSync(file, content);
  }
  return { path, [Symbol.dispose]: () => Deno.removeSync(path, { recursive: true }) };
}

const names = (paths: Parameters<typeof listConfigFiles>[0]) =>
  listConfigFiles(paths).map((file) => file.split("/").at(-1));
const bytes = (...parts: readonly (string | number)[]) =>
  new Uint8Array(parts.flatMap((part) => typeof part === "number" ? [part] : [...new TextEncoder().encode(part)]));

Deno.test("CM1: without a file and a folder, the embedded default is served", () => {
  assertEquals(readConfigFiles({ file: null, dir: null }).length, 1);
});

Deno.test("CM2, CM3, CM4: a file, a folder, or both: the file first", () => {
  using folder = makeFolder({ "main.yaml": "a: 1", "d/2.yml": "b: 1", "d/1.yaml": "c: 1" });
  const [file, dir] = [`${folder.path}/main.yaml`, `${folder.path}/d`];
  assertEquals(readConfigFiles({ file, dir: null }), [{ file, text: "a: 1" }]);
  assertEquals(readConfigFiles({ file: null, dir }).map(({ text }) => text), ["c: 1", "b: 1"]);
  assertEquals(readConfigFiles({ file, dir }).map(({ text }) => text), ["a: 1", "c: 1", "b: 1"]);
});

Deno.test("CM5: a file that is in the folder too is refused, however the two are written", () => {
  using folder = makeFolder({ "d/a.yaml": "a: 1" });
  const dir = `${folder.path}/d`;
  for (const file of [`${dir}/a.yaml`, `${dir}/../d/./a.yaml`, `${folder.path}//d/a.yaml`]) {
    assertStringIncludes(
      assertThrows(() => readConfigFiles({ file, dir: `${dir}/` }), ConfigFileError).message,
      "is also present in -config-dir",
    );
  }
});

Deno.test("CM18: files come in the order of their names, whatever the folder lists first", () => {
  using folder = makeFolder({
    "z.yaml": "",
    "a.yaml": "",
    "B.yml": "",
    "m.YAML": "",
    "n.txt": "",
    "sub/x.yaml": "",
    "10.yaml": "",
  });
  for (let i = 0; i < 3; i++) {
    assertEquals(names({ file: null, dir: folder.path }), ["10.yaml", "B.yml", "a.yaml", "z.yaml"]);
  }
});

Deno.test("CM19, CM20: an empty folder adds nothing to a file, and is an error without one", () => {
  using folder = makeFolder({ "main.yaml": "a: 1", "d/notes.txt": "" });
  const [file, dir] = [`${folder.path}/main.yaml`, `${folder.path}/d`];
  assertEquals(names({ file, dir }), ["main.yaml"]);
  assertStringIncludes(
    assertThrows(() => readConfigFiles({ file: null, dir }), ConfigFileError).message,
    "no configuration sources found",
  );
});

Deno.test("everything that cannot be read is told at once", () => {
  using folder = makeFolder({
    "d/a.yaml": bytes("a: 1\nb: ", 0xff, "\n"),
    "d/b.yaml": "startPort: x",
    "d/c.yaml": bytes("k: caf", 0xe9),
  });
  const texts = readConfigFiles({ file: `${folder.path}/none.yaml`, dir: `${folder.path}/d` });
  const { issues } = assertThrows(() => loadConfig({ texts, env: () => undefined }), ConfigErrors);
  const told = issues.map((issue) => String(issue).replaceAll(folder.path, ""));
  assertStringIncludes(told[0] ?? "", "/none.yaml: It cannot be read: ");
  assertEquals(told.slice(1), [
    "/d/a.yaml: It cannot be read: it is not UTF-8 text (line 2)",
    '/d/b.yaml:1:1: startPort: must be a whole number (found the text "x")',
    "/d/c.yaml: It cannot be read: it is not UTF-8 text (line 1)",
  ]);
  Deno.removeSync(`${folder.path}/d/b.yaml`);
  const { message } = assertThrows(
    () => readConfigFiles({ file: `${folder.path}/none.yaml`, dir: `${folder.path}/d` }),
    ConfigFileError,
  );
  const lines = message.replaceAll(folder.path, "").split("\n");
  assertStringIncludes(lines[0] ?? "", "Cannot read /none.yaml: ");
  assertEquals(lines.slice(1), [
    "Cannot read /d/a.yaml: it is not UTF-8 text (line 2)",
    "Cannot read /d/c.yaml: it is not UTF-8 text (line 1)",
  ]);
  assertStringIncludes(
    assertThrows(() => readConfigFiles({ file: null, dir: `${folder.path}/nowhere` }), ConfigFileError).message,
    "Cannot read the folder",
  );
});

Deno.test("UTF-16 with a byte order mark is read, as PowerShell writes it", () => {
  const text = "\uFEFFstartPort: 6000 # é 🦙\r\n";
  const units = Uint16Array.from({ length: text.length }, (_, i) => text.charCodeAt(i));
  const little = Array.from(units, (unit) => [unit & 0xff, unit >> 8]).flat();
  const big = Array.from(units, (unit) => [unit >> 8, unit & 0xff]).flat();
  using folder = makeFolder({ "l.yaml": bytes(...little), "b.yaml": bytes(...big), "odd.yaml": bytes(...little, 0) });
  for (const name of ["l.yaml", "b.yaml"]) {
    const texts = readConfigFiles({ file: `${folder.path}/${name}`, dir: null });
    assertEquals(loadConfig({ texts, env: () => undefined }).config.startPort, 6000);
  }
  assertStringIncludes(
    assertThrows(() => readConfigFiles({ file: `${folder.path}/odd.yaml`, dir: null }), ConfigFileError).message,
    "odd.yaml: it is not UTF-16 text",
  );
});

Deno.test("a file without end is not read to it, and a large one is refused as large", () => {
  using folder = makeFolder({ "a.yaml": "# " + "é".repeat(3 * 1024 * 1024) });
  for (const file of ["/dev/zero", `${folder.path}/a.yaml`]) {
    const texts = readConfigFiles({ file, dir: null });
    const { message } = assertThrows(() => loadConfig({ texts, env: () => undefined }), ConfigErrors);
    assertStringIncludes(message, "larger than 4 MiB");
  }
});

Deno.test("a byte order mark is left to the loader", () => {
  using folder = makeFolder({ "a.yaml": "\uFEFFstartPort: 1000" });
  const texts = readConfigFiles({ file: `${folder.path}/a.yaml`, dir: null });
  assertEquals(loadConfig({ texts, env: () => undefined }).config.startPort, 1000);
});

Deno.test("worker modules are relative to the file's folder, or to the folder of files where there is no file", () => {
  assertEquals(baseFolderOf({ file: "/etc/berth/config.yaml", dir: "/other" }), "/etc/berth/");
  assertEquals(baseFolderOf({ file: null, dir: "conf.d" }), "conf.d");
  assertEquals(baseFolderOf({ file: "config.yaml", dir: null }), null);
  assertEquals(baseFolderOf({ file: null, dir: null }), null);
});
