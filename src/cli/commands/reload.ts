/**
 * `berth reload`: lets a running gateway read its config anew.
 *
 * @module
 */

import type { Command, Terminal } from "../command.ts";
import { EXIT } from "../exit_codes.ts";
import { callGateway, CONNECTION_FLAGS, field } from "../gateway_client.ts";

/** The status of an answer that says what is wrong with the new config. */
const REJECTED = 422;

/** The command `reload`. */
export const reloadCommand: Command = {
  name: "reload",
  summary: "Let a running gateway read its config anew",
  details: "A config that does not load changes nothing: what is wrong is printed, and the exit code is 1.",
  flags: [...CONNECTION_FLAGS, { name: "json", help: "Print the gateway's answer as it is" }],
  async run(args, terminal) {
    const call = { method: "POST", path: "/api/config/reload", accepts: [REJECTED] } as const;
    const response = await callGateway(args, terminal, call);
    const answer: unknown = await response.json();
    if (args.has("json")) terminal.out(JSON.stringify(answer, null, 2));
    else printAnswer(answer, terminal);
    return response.status === REJECTED || field(answer, "status") === "rejected" ? EXIT.failed : EXIT.ok;
  },
};

/** What the answer lists, and how it is told. */
const LISTS = [
  ["added", "added"],
  ["changed", "changed"],
  ["removed", "removed"],
  ["settings", "settings"],
  ["draining", "ending when they have served"],
] as const;

function printAnswer(answer: unknown, terminal: Terminal): void {
  for (const problem of textsIn(answer, "problems")) terminal.err(problem);
  for (const warning of textsIn(answer, "warnings")) terminal.err(`warning: ${warning}`);
  const status = field(answer, "status");
  if (status === "rejected") return terminal.out("Rejected: the config in force stays");
  if (status === "unchanged") return terminal.out("Unchanged: the config in force says the same");
  terminal.out(status === "reloaded" ? "Reloaded" : `The gateway says: ${String(status)}`);
  for (const [list, what] of LISTS) {
    const names = textsIn(answer, list);
    if (names.length > 0) terminal.out(`  ${what}: ${names.join(", ")}`);
  }
}

function textsIn(answer: unknown, name: string): readonly string[] {
  const list = field(answer, name);
  return Array.isArray(list) ? list.map(String) : [];
}
