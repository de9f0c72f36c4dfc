/**
 * Node's reading of responses, by a real `node`: Deno's `node:http` has a parser of its own.
 *
 * @module
 */

import type { Reading } from "./reading.ts";
import type { Response } from "./responses.ts";

/** A response and how it is cut. */
export interface NodeCase {
  readonly response: Response;
  readonly parts: readonly string[];
}

/** What Node understood: never "cut", since it has one kind of failure. */
export interface NodeReading extends Reading {
  readonly error?: string;
}

/** Whether there is a `node` on the PATH. */
export function hasNode(): boolean {
  try {
    return new Deno.Command("node", { args: ["--version"], stdout: "null", stderr: "null" }).outputSync().success;
  } catch {
    return false;
  }
}

/** All cases in one process, in order. */
export async function readWithNode(cases: readonly NodeCase[]): Promise<NodeReading[]> {
  const script = new URL("node_client.mjs", import.meta.url).pathname;
  const child = new Deno.Command("node", { args: [script], stdin: "piped", stdout: "piped", stderr: "inherit" })
    .spawn();
  const output = child.output();
  const writer = child.stdin.getWriter();
  const input = cases.map(({ response: { method, mayUpgrade }, parts }) => ({ method, mayUpgrade, parts }));
  await writer.write(new TextEncoder().encode(JSON.stringify(input)));
  await writer.close();
  const { success, stdout } = await output;
  if (!success) throw new Error("node failed");
  return JSON.parse(new TextDecoder().decode(stdout));
}
