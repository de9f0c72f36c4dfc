/**
 * A config, what its backends are said to do, and the names over both.
 *
 * @module
 */

import { assertEquals, assertThrows } from "@std/assert";
import type { Config } from "../../src/config/types.ts";
import { GatewayError } from "../../src/errors.ts";
import { fullName, type Phase } from "../../src/routing/destination.ts";
import { Names, type Resolution } from "../../src/routing/names.ts";
import { load } from "../config/loading.ts";

/** `fifo` with groups, as llama-swap does it. */
export const FIFO = "routing: {scheduler: {use: fifo}}\n";

/** Names over a config text; backends are stopped unless `phases` says otherwise. */
export class Naming {
  readonly config: Config;
  readonly names: Names;
  /** What {@link Names} has told about profiles. */
  readonly told: (string | null)[] = [];
  readonly #phases: Map<string, Phase>;

  constructor(text: string, phases: Readonly<Record<string, Phase>> = {}) {
    this.config = load(text).config;
    this.#phases = new Map(Object.entries(phases));
    this.names = new Names({ phaseOf: this.phaseOf, onChange: (active) => this.told.push(active) });
  }

  readonly phaseOf = (model: string): Phase => this.#phases.get(model) ?? "stopped";

  /** Says what backends do from now on. */
  set(phases: Readonly<Record<string, Phase>>): void {
    for (const [model, phase] of Object.entries(phases)) this.#phases.set(model, phase);
  }

  resolve(name: string): Resolution {
    return this.names.resolve(this.config, name);
  }

  /** Where a name leads, in one text. */
  where(name: string): string {
    return fullName(this.resolve(name).destination);
  }

  /** What a path leads to, and its rest; `null` when no name is there. */
  wherePath(path: string): readonly [string, string] | null {
    const found = this.names.resolvePath(this.config, path);
    return found && [fullName(found.resolution.destination), found.rest];
  }

  activate(profile: string | null): void {
    this.names.activate(this.config, profile);
  }

  /** The message of the error that a name is answered with. */
  refusal(name: string, code: "unknown_model" | "too_busy" = "unknown_model"): string {
    return refusalOf(() => this.resolve(name), code);
  }
}

/** The message of the error that something is answered with. */
export function refusalOf(act: () => unknown, code: GatewayError["code"]): string {
  const error = assertThrows(act, GatewayError);
  assertEquals(error.code, code);
  return error.message;
}
