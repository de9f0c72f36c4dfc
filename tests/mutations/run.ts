/**
 * Puts each seeded fault into a copy of the sources and shows that the tests of its part turn red.
 *
 * Run: `deno run -P=test tests/mutations/run.ts [part]`, where only suites of tests whose paths hold `part` are tried. Ends
 * with 1 when a fault goes unnoticed.
 *
 * @module
 */

import { ACCESS_FAULTS } from "./access_faults.ts";
import { type Fault, FAULTS } from "./faults.ts";
import { PARSER_FAULTS } from "./parser_faults.ts";
import { REQUEST_FAULTS } from "./request_faults.ts";
import { WEBSOCKET_FAULTS } from "./websocket_faults.ts";

/** Faults, and the tests that have to notice them. */
interface Suite {
  readonly faults: readonly Fault[];
  readonly tests: readonly string[];
}

const UPSTREAM = "tests/gateway/upstream";
const ACCESS_TESTS = ["auth", "site_rules", "cors", "open_requests"].map((name) => `tests/gateway/${name}_test.ts`);
const SUITES: readonly Suite[] = [
  { faults: FAULTS, tests: ["tests/scheduler/"] },
  {
    faults: PARSER_FAULTS,
    tests: ["response_parser", "response_limits", "split", "differential"].map((name) => `${UPSTREAM}/${name}_test.ts`),
  },
  { faults: ACCESS_FAULTS, tests: ACCESS_TESTS },
  { faults: REQUEST_FAULTS, tests: ["tests/gateway/request/"] },
  { faults: WEBSOCKET_FAULTS, tests: ["tests/gateway/websocket/"] },
];

const ROOT = new URL("../../", import.meta.url).pathname;
const COPIED = [
  "deno.json",
  "deno.lock",
  "src/errors.ts",
  "src/clock.ts",
  "src/log.ts",
  "src/log_time.ts",
  "tests/random.ts",
  ...["raw_backend", "fake_body", "json_texts", "body_reader"].map((name) => `tests/gateway/${name}.ts`),
  ...ACCESS_TESTS,
];
const COPIED_FOLDERS = [
  "src/scheduler",
  "tests/scheduler",
  "src/gateway",
  UPSTREAM,
  "tests/gateway/request",
  "tests/gateway/websocket",
  "src/backend",
  "src/observe",
  "src/config",
  "src/eviction",
  "tests/backend",
  "tests/tiny",
  "tests/fixtures/tls",
  "vendor/std",
];

async function copyFolder(from: string, to: string): Promise<void> {
  await Deno.mkdir(to, { recursive: true });
  for await (const entry of Deno.readDir(from)) {
    if (entry.name === "node_modules") continue;
    if (entry.isDirectory) await copyFolder(`${from}/${entry.name}`, `${to}/${entry.name}`);
    else if (entry.isFile) await Deno.copyFile(`${from}/${entry.name}`, `${to}/${entry.name}`);
  }
}

async function copyTo(folder: string): Promise<void> {
  for (const name of COPIED_FOLDERS) await copyFolder(`${ROOT}${name}`, `${folder}/${name}`);
  for (const name of COPIED) {
    await Deno.copyFile(`${ROOT}${name}`, `${folder}/${name}`).catch((error: unknown) => {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    });
  }
}

/** The first failing test's name, or null when all passed. */
async function firstFailure(folder: string, tests: readonly string[]): Promise<string | null> {
  const { success, stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["test", "-P=test", "--no-check", "--fail-fast", ...tests],
    cwd: folder,
    env: { NO_COLOR: "1" },
    stderr: "null",
  }).output();
  if (success) return null;
  const output = new TextDecoder().decode(stdout);
  return output.match(/^(.*) \.\.\. FAILED/m)?.[1] ?? output.trim().split("\n").at(-1) ?? "failed";
}

/** Tries every fault of a suite; resolves with how many went unnoticed. */
async function tryFaults(folder: string, { faults, tests }: Suite): Promise<number> {
  let unnoticed = 0;
  const before = await firstFailure(folder, tests);
  if (before !== null) throw new Error(`The tests fail without any fault: ${before}`);
  for (const fault of faults) {
    const source = await Deno.readTextFile(`${ROOT}${fault.file}`);
    if (source.split(fault.find).length !== 2) throw new Error(`Not exactly once in ${fault.file}: ${fault.find}`);
    await Deno.writeTextFile(`${folder}/${fault.file}`, source.replace(fault.find, () => fault.replace));
    const red = await firstFailure(folder, tests);
    await Deno.writeTextFile(`${folder}/${fault.file}`, source);
    if (red === null) unnoticed++;
    say(red === null ? `UNNOTICED  ${fault.name}` : `noticed    ${fault.name}\n           by: ${red}`);
  }
  say(`${faults.length - unnoticed} of ${faults.length} faults turn a test red`);
  return unnoticed;
}

function say(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
}

const folder = await Deno.makeTempDir({ prefix: "berth-mutants-" });
try {
  await copyTo(folder);
  const [part = ""] = Deno.args;
  for (const suite of SUITES.filter(({ tests }) => tests.join().includes(part))) {
    if (await tryFaults(folder, suite) > 0) Deno.exitCode = 1;
  }
} finally {
  await Deno.remove(folder, { recursive: true });
}
