/**
 * Whether there is a real llama.cpp server on this machine, and how a model starts it.
 *
 * @module
 */

const ROOT = new URL("../../", import.meta.url).pathname;
const PYTHON = `${ROOT}.venv/bin/python`;

/** Whether `.ci/prepare_real_engine.sh` has put one here. */
export function hasEngine(): boolean {
  try {
    Deno.statSync(PYTHON);
    return true;
  } catch {
    return false;
  }
}

/** The `cmd` of a model that serves this file, which is written when it is missing. */
export function engineCommand(file: string, mode: "text" | "embeddings" = "text"): string {
  return `${PYTHON} ${ROOT}tests/real/engine.py ${file} \${PORT}${mode === "text" ? "" : ` ${mode}`}`;
}
