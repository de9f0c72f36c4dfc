/**
 * Which scheduler decides who goes next, and its settings (spec §2.17).
 *
 * @module
 */

import type { EvictionPolicy } from "../eviction/policy.ts";
import type { Findings } from "./findings.ts";
import { parseDuration } from "./durations.ts";
import type { ConfigPath } from "./issues.ts";
import { complainUnknown, localModel, type LocalNames } from "./names.ts";
import type { TopSettings } from "./schema.ts";
import { nearestName } from "./suggestions.ts";
import type { SchedulerSettings } from "./types.ts";

const SCHEDULERS = ["serial", "fifo"] as const;
const PRIORITY: ConfigPath = ["routing", "scheduler", "settings", "fifo", "priority"];

/** Reads the scheduler's settings; `routerAt` is where groups or a matrix are configured, if they are. */
export function schedulerOf(
  top: TopSettings,
  { local, policy, routerAt, findings }: {
    readonly local: LocalNames;
    readonly policy: EvictionPolicy;
    readonly routerAt: ConfigPath | null;
    readonly findings: Findings;
  },
): SchedulerSettings {
  const { use: given, settings: { serial, fifo } } = top.routing.scheduler;
  const use = given || "serial";
  const priorities = prioritiesOf(fifo.priority, local, findings);
  if (use === "fifo") {
    return {
      use,
      policy,
      priorities,
      maxAgeMs: parseDuration(fifo.maxAge) || null,
      maxWaitMs: parseDuration(fifo.maxWait),
    };
  }
  if (use !== "serial") {
    findings.problem({
      path: ["routing", "scheduler", "use"],
      message: "unknown scheduler",
      found: JSON.stringify(use.slice(0, 60)),
      expected: SCHEDULERS.join(" or "),
      suggestion: nearestName(use, SCHEDULERS),
    });
  } else warnOfIgnored(routerAt ?? (Object.keys(fifo.priority).length > 0 ? PRIORITY : null), findings);
  return {
    use: "serial",
    parallel: serial.parallel,
    maxQueue: serial.maxQueue,
    maxWaitMs: parseDuration(serial.maxWait),
  };
}

/** The one notice of rule S4. */
function warnOfIgnored(path: ConfigPath | null, findings: Findings): void {
  if (path === null) return;
  findings.warning({
    path,
    message: "The serial scheduler keeps one model in memory and ignores groups, matrix and priorities: " +
      "set routing.scheduler.use to fifo to use them",
  });
}

function prioritiesOf(
  given: Readonly<Record<string, number>>,
  local: LocalNames,
  findings: Findings,
): ReadonlyMap<string, number> {
  const priorities = new Map<string, number>();
  for (const [name, priority] of Object.entries(given)) {
    const path = [...PRIORITY, name];
    const id = localModel(name, local);
    if (id === undefined) {
      const known = [local.ids, local.aliases];
      complainUnknown(name, { path, subject: "routing.scheduler.settings.fifo.priority", known, findings });
    } else if (priorities.has(id) && priorities.get(id) !== priority) {
      findings.problem({ path, message: `model ${id} has two priorities`, expected: "one of its names" });
    } else priorities.set(id, priority);
  }
  return priorities;
}
