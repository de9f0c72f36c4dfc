/** A terminal for commands that run inside a test. */

import type { Terminal } from "../../src/cli/command.ts";
import { runProgram } from "../../src/cli/run.ts";

/** What a command has written and how it ended. */
export interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs the program with these arguments; `env` is all that it sees of the environment, besides a config's own. */
export async function run(args: readonly string[], options: Partial<Terminal> = {}): Promise<Outcome> {
  let [out, err] = ["", ""];
  const terminal: Terminal = {
    out: (text) => void (out += `${text}\n`),
    outBytes: (bytes) => void (out += new TextDecoder().decode(bytes)),
    err: (text) => void (err += `${text}\n`),
    color: false,
    env: () => undefined,
    ...options,
  };
  const code = await runProgram(args, terminal);
  return { code, out, err };
}

/** Writes a config into a folder of its own and gives its path to `use`. */
export async function withConfig<T>(text: string, use: (file: string) => Promise<T>): Promise<T> {
  const folder = await Deno.makeTempDir({ prefix: "berth-cli-" });
  try {
    await Deno.writeTextFile(`${folder}/config.yaml`, text);
    return await use(`${folder}/config.yaml`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
