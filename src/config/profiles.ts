/**
 * Profiles: sets of names that an operator can put in force (spec §2.12).
 *
 * @module
 */

import type { Findings } from "./findings.ts";
import { complainUnknown } from "./names.ts";
import type { ProfileSettings } from "./schema/names.ts";
import type { ProfileConfig } from "./types.ts";

/** Checks and collects the profiles; `known` holds every name that a pin may lead to. */
export function loadProfiles(
  block: Readonly<Record<string, ProfileSettings>>,
  { known, findings }: { readonly known: ReadonlySet<string>; readonly findings: Findings },
): ReadonlyMap<string, ProfileConfig> {
  const profiles = new Map<string, ProfileConfig>();
  for (const [name, { description, pins }] of Object.entries(block)) {
    const path = ["profiles", name];
    if (name.trim() === "") findings.problem({ path, message: "a profile name must not be blank" });
    const checked = new Map<string, string>();
    for (const [pin, value] of Object.entries(pins)) {
      const at = [...path, "pins", pin];
      const target = value ?? "";
      checked.set(pin, target);
      if (pin.trim() === "") findings.problem({ path: at, message: `profile ${name}: a pin name must not be blank` });
      if (target === "" || known.has(target)) continue;
      complainUnknown(target, { path: at, subject: `profile ${name}: pin "${pin}"`, known: [known], findings });
    }
    if (checked.size === 0) {
      findings.problem({
        path,
        message: `profile ${name}: pins must contain at least one entry`,
        expected: "name: name",
        missing: [...path, "pins"],
      });
    }
    profiles.set(name, { name, description, pins: checked });
  }
  return profiles;
}
