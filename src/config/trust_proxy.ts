/**
 * Which proxies are believed, from what is written under `trustProxy`.
 *
 * @module
 */

import { isExact, parseIpRange } from "../ip_address.ts";
import type { Findings } from "./findings.ts";
import type { TopSettings } from "./schema.ts";
import type { TrustedProxies } from "./types.ts";

/** The word for whoever connects to the gateway's unix socket. */
const UNIX = "unix";

/** Reads `trustProxy`; complains about each entry that is no address. */
export function trustProxyOf({ trustProxy }: TopSettings, findings: Findings): TrustedProxies {
  if (typeof trustProxy === "boolean") return { all: trustProxy, unix: trustProxy, ranges: [] };
  const written = trustProxy.map((entry) => entry.trim());
  const ranges = written.flatMap((entry, i) => {
    if (entry === UNIX) return [];
    const path = ["trustProxy", i];
    const range = parseIpRange(entry);
    if (range === null) {
      findings.problem({
        path,
        message: "is no address and no range of addresses",
        found: JSON.stringify(entry.slice(0, 60)),
        expected: "for example 127.0.0.1, 10.0.0.0/8, fd00::/8 or unix",
      });
      return [];
    }
    if (!isExact(range)) {
      findings.warning({ path, message: `${JSON.stringify(entry)} has bits behind its length: they do not count` });
    }
    return [range];
  });
  return { all: false, unix: written.includes(UNIX), ranges };
}
