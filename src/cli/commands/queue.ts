/**
 * `berth queue`: who is served and who waits at a running gateway.
 *
 * @module
 */

import type { Command, Terminal } from "../command.ts";
import { EXIT } from "../exit_codes.ts";
import { callGateway, CONNECTION_FLAGS, field } from "../gateway_client.ts";
import { formatTable } from "../table.ts";

/** How many waiting requests are shown at most. */
const MOST_SHOWN = 1000;

/** The command `queue`. */
export const queueCommand: Command = {
  name: "queue",
  summary: "Show what a running gateway serves and who waits, in order",
  flags: [...CONNECTION_FLAGS, { name: "json", help: "Print the gateway's answer as it is" }],
  async run(args, terminal) {
    const response = await callGateway(args, terminal, { method: "GET", path: `/api/queue?limit=${MOST_SHOWN}` });
    const answer: unknown = await response.json();
    if (args.has("json")) terminal.out(JSON.stringify(answer, null, 2));
    else printQueue(answer, terminal);
    return EXIT.ok;
  },
};

function printQueue(answer: unknown, terminal: Terminal): void {
  const active = rowsOf(field(answer, "active"));
  const waiting = rowsOf(field(answer, "waiting"));
  const total = Number(field(answer, "total") ?? waiting.length);
  const running = rowsOf(field(answer, "running")).map((row) => `${textOf(row, "model")} (${textOf(row, "phase")})`);
  terminal.out(`Running: ${running.length === 0 ? "no model" : running.join(", ")}`);
  if (active.length === 0 && total === 0) return terminal.out("Nothing is served and nobody waits.");
  const table = formatTable(
    ["PLACE", "MODEL", "AGE", "TO GO", "REQUEST"],
    [
      ...active.map((row) => [textOf(row, "phase"), textOf(row, "model"), ageOf(row), "", textOf(row, "id")]),
      ...waiting.map((row) => [
        textOf(row, "position"),
        textOf(row, "model"),
        ageOf(row),
        formatAge(Number(field(row, "estimatedWaitMs"))),
        textOf(row, "id"),
      ]),
    ],
    { color: terminal.color },
  );
  terminal.out(table);
  if (total > waiting.length) terminal.out(`… and ${total - waiting.length} more`);
}

function rowsOf(list: unknown): readonly unknown[] {
  return Array.isArray(list) ? list : [];
}

function textOf(row: unknown, name: string): string {
  return String(field(row, name) ?? "");
}

function ageOf(row: unknown): string {
  return formatAge(Number(field(row, "ageMs")));
}

/** Writes an age with the two units that matter. */
export function formatAge(ms: number): string {
  if (!Number.isFinite(ms)) return "";
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.floor(ms / 1000);
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  return `${Math.floor(seconds / 3600)} h ${Math.floor(seconds / 60) % 60} min`;
}
