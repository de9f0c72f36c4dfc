/**
 * How requests are ordered, and which models may be in memory together: from either spelling of a config (spec §2.17).
 *
 * @module
 */

import type { Finding as BlockFinding } from "../eviction/findings.ts";
import { checkGroups } from "../eviction/groups.ts";
import { createGroupsPolicy } from "../eviction/groups_policy.ts";
import { compileMatrix } from "../eviction/matrix.ts";
import { createMatrixPolicy } from "../eviction/matrix_policy.ts";
import type { EvictionPolicy } from "../eviction/policy.ts";
import type { Findings } from "./findings.ts";
import { type ConfigPath, describeValue } from "./issues.ts";
import type { LocalNames } from "./names.ts";
import type { TopSettings } from "./schema.ts";
import type { GroupSettings, MatrixSettings } from "./schema/routing.ts";
import { nearestName } from "./suggestions.ts";
import type { RouterConfig } from "./types.ts";
import { entriesAsWritten, type WrittenSource } from "./written.ts";

/** What {@link loadRouter} found. */
export interface LoadedRouter {
  /** Which models go together, as it is configured. */
  readonly router: RouterConfig;
  /** The same, ready to be asked. */
  readonly policy: EvictionPolicy;
  /** Whether something is wrong with it, so that what the policy says means nothing. */
  readonly isBroken: boolean;
  /** Where the config sets groups or a matrix; `null` when it does not. */
  readonly configuredAt: ConfigPath | null;
}

/** The blocks that count, and where they stand. */
interface Chosen {
  readonly use: "group" | "matrix";
  readonly groups: Readonly<Record<string, GroupSettings>>;
  readonly matrix: MatrixSettings | undefined;
  readonly path: ConfigPath;
}

const NEW_STYLE: ConfigPath = ["routing", "router", "settings"];
const ROUTERS = ["group", "matrix"] as const;

/** Reads groups or the matrix, whichever is in use. */
export function loadRouter(
  top: TopSettings,
  local: LocalNames,
  { findings, source }: { readonly findings: Findings; readonly source: Pick<WrittenSource, "keysOf"> },
): LoadedRouter {
  const chosen = choose(top, findings);
  const known = { models: local.ids, aliases: local.aliases };
  const tell = (path: ConfigPath) => (finding: BlockFinding) => tellFinding(finding, path, findings);
  if (chosen.use === "matrix" && chosen.matrix !== undefined) {
    const path = [...chosen.path, "matrix"];
    const { vars, evict_costs } = chosen.matrix;
    const sets = entriesAsWritten(chosen.matrix.sets, [...path, "sets"], source);
    const { matrix, findings: told } = compileMatrix({
      ...known,
      vars: Object.entries(vars),
      evictCosts: Object.entries(evict_costs),
      sets,
    });
    told.forEach(tell(path));
    return {
      router: {
        kind: "matrix",
        vars: new Map(Object.entries(vars)),
        costs: matrix?.costs ?? new Map(),
        sets: new Map(sets),
      },
      policy: createMatrixPolicy(matrix ?? { sets: [], costs: new Map(), nodeCount: 0 }),
      isBroken: matrix === null,
      configuredAt: path,
    };
  }
  const path = [...chosen.path, "groups"];
  const given = Object.entries(chosen.groups).map(([id, settings]) => ({ id, ...settings }));
  const { groups, findings: told } = checkGroups(given, known);
  told.forEach(tell(path));
  return {
    router: { kind: "groups", groups },
    policy: createGroupsPolicy(groups),
    isBroken: chosen.use === "matrix" || told.some(({ severity }) => severity === "error"),
    configuredAt: given.length > 0 ? path : null,
  };
}

function choose(top: TopSettings, findings: Findings): Chosen {
  const { settings } = top.routing.router;
  // An empty text says nothing, as in llama-swap.
  const use = top.routing.router.use || undefined;
  const legacy = { groups: Object.keys(top.groups).length > 0, matrix: top.matrix !== undefined };
  const modern = { groups: Object.keys(settings.groups).length > 0, matrix: settings.matrix !== undefined };
  if (legacy.groups && legacy.matrix) {
    findings.problem({ path: ["matrix"], message: "cannot use both 'groups' and 'matrix'", expected: "one of them" });
  }
  if ((legacy.groups || legacy.matrix) && (use !== undefined || modern.groups || modern.matrix)) {
    const old = legacy.matrix ? "matrix" : "groups";
    findings.problem({
      path: [old],
      message: `the top-level '${old}' and routing.router are both in use: migrate '${old}' to ${
        NEW_STYLE.join(".")
      }.${old}`,
    });
  } else if (legacy.groups || legacy.matrix) {
    const kind = legacy.matrix ? "matrix" : "group";
    return { use: kind, groups: top.groups, matrix: top.matrix, path: [] };
  }
  const router = ROUTERS.find((known) => known === (use ?? "group"));
  if (router === undefined) {
    findings.problem({
      path: ["routing", "router", "use"],
      message: "unknown router",
      found: describeValue(use),
      expected: ROUTERS.join(" or "),
      suggestion: nearestName(use ?? "", ROUTERS),
    });
  } else if (router === "matrix" && !modern.matrix) {
    findings.problem({
      path: ["routing", "router", "use"],
      message: "routing.router.settings.matrix is not set",
      missing: [...NEW_STYLE, "matrix"],
    });
  }
  const unused = router === "matrix" ? "groups" : "matrix";
  // Under another scheduler neither counts, which is told once and elsewhere.
  if (router !== undefined && modern[unused] && top.routing.scheduler.use === "fifo") {
    findings.warning({
      path: [...NEW_STYLE, unused],
      message: `is ignored, because the router in use is \`${router}\`; routing.router.use says which one is`,
    });
  }
  return { use: router ?? "group", groups: settings.groups, matrix: settings.matrix, path: NEW_STYLE };
}

function tellFinding(told: BlockFinding, block: ConfigPath, findings: Findings): void {
  const { severity, path: inside, refersToName, isMissing, ...rest } = told;
  const path = [...block, ...inside];
  const finding = { ...rest, path, refersTo: refersToName && "model", missing: isMissing && path } as const;
  if (severity === "error") findings.problem(finding);
  else findings.warning(finding);
}
