/**
 * Which port each model gets: one after the other from `startPort`, in the order of the ids (spec §2.5.4).
 *
 * @module
 */

import type { Findings } from "./findings.ts";
import { usesPlaceholder } from "./expansion.ts";
import type { KeptPort } from "./sources.ts";
import type { Tree } from "./tree.ts";

/** A model that may need a port. */
export interface PortUser {
  /** Its id. */
  readonly id: string;
  /** Its settings after macros. */
  readonly expanded: Tree;
  /** What its process is made of. */
  readonly processKey: string;
}

const MAX_PORT = 65535;

/**
 * Gives a port to each model that uses `${PORT}` or is a worker, by id; `users` come in ascending order of id. A model of
 * `kept` whose process would be the same keeps its port. No other model gets a port of `kept`, also where the process that
 * has it is to be replaced or its model is gone: it may be there for a while.
 */
export function givePorts(
  users: readonly PortUser[],
  { startPort, kept, findings }: {
    readonly startPort: number;
    readonly kept?: ReadonlyMap<string, KeptPort> | undefined;
    readonly findings: Findings;
  },
): ReadonlyMap<string, number> {
  const ports = new Map<string, number>();
  const needing = users.filter(({ expanded }) =>
    usesPlaceholder(expanded.cmd, "PORT") || expanded.worker !== undefined
  );
  const holders = new Map<number, string>();
  for (const [id, { port }] of kept ?? []) holders.set(port, id);
  for (const { id, processKey } of needing) {
    const running = kept?.get(id);
    if (running?.processKey === processKey) ports.set(id, running.port);
  }
  const isHeldByAnother = (port: number, id: string) => (holders.get(port) ?? id) !== id;
  let next = startPort;
  for (const { id } of needing) {
    if (ports.has(id)) continue;
    while (isHeldByAnother(next, id)) next++;
    if (next > MAX_PORT) {
      // Nobody uses it: it only keeps the model from being refused once more for an address that is none.
      ports.set(id, MAX_PORT);
      findings.problem({
        path: ["models", id],
        message: `model ${id}: no port is left: ${next} is above ${MAX_PORT}`,
      });
      next++;
    } else ports.set(id, next++);
  }
  return ports;
}
