/**
 * Which model a request's name means: profile, then selector, then model, alias or peer (spec §1.5).
 *
 * @module
 */

import { GatewayError } from "../errors.ts";
import type { Config, ProfileConfig, SelectorConfig } from "../config/types.ts";
import { type Destination, findDestination, fullName, type NameTable, type Phase } from "./destination.ts";
import { findLongestName, longestKey } from "./path_walk.ts";
import { type Candidate, Spillover, type SpilloverCount } from "./spillover.ts";
import { unknownModel, withoutLatest } from "./resolve.ts";

/** What a name means for one request. */
export interface Resolution {
  /** Where the request goes. */
  readonly destination: Destination;
  /**
   * The name after profile and selector, with which filters by name are looked up. A body must say it where it differs from
   * what was sent; for a peer it must say the destination's `model`.
   */
  readonly requested: string;
  /** Id of the selector that chose. */
  readonly selector: string | null;
  /** How lists of requests and records call it: a model's id, or a peer's model by the name that was used for it. */
  readonly shownModel: string;
  /**
   * Says that the request has ended, so that a spillover selector does not count it any more. Whoever resolved a name owes
   * this call on every path, also when the request is refused; harmless twice.
   */
  release(): void;
}

/** What a path below `/upstream` means. */
export interface PathResolution {
  /** What its beginning means. */
  readonly resolution: Resolution;
  /** What follows, percent-encoding as it came; begins with a slash. */
  readonly rest: string;
}

/** The part of a config that names go by. */
export type NamesConfig = NameTable & Pick<Config, "profiles" | "selectors" | "scheduler">;

/** What {@link Names} is made of. */
export interface NamesOptions {
  /** What the backend of a model here is doing now; `stopped` for one that is not known. */
  readonly phaseOf: (model: string) => Phase;
  /** Is told when another profile, or none, comes into force; not when the same one is put in force again. */
  readonly onChange?: (active: string | null) => void;
}

/**
 * Finds out what names mean. It remembers the profile in force and what spillover selectors have given away, and nothing
 * else: the config comes with each question, so that a request can go by the one that was in force when it arrived.
 */
export class Names {
  readonly #phaseOf: NamesOptions["phaseOf"];
  readonly #onChange: (active: string | null) => void;
  readonly #spillover = new Spillover();
  #active: string | null = null;

  /** No profile is in force at first. */
  constructor({ phaseOf, onChange }: NamesOptions) {
    this.#phaseOf = phaseOf;
    this.#onChange = onChange ?? (() => {});
  }

  /**
   * Finds what the name in a body or query means. A name that ends in `:latest` and is none as it stands is looked up
   * without that ending, which Ollama's clients add by themselves; nothing else is guessed.
   *
   * A spillover selector counts the request from here on, so that two at the same time go to different targets. Under
   * `serial`, where one model is in memory, it uses one of its local targets at a time, the one that has requests or is
   * loaded, and peers beside it: another local one would only take turns with it. The queue's order is never touched.
   *
   * @throws {GatewayError} `unknown_model`, also for a name that the profile in force switches off; `too_busy` when a
   * selector has no target that could be used.
   */
  resolve(config: NamesConfig, sent: string): Resolution {
    const resolution = this.#resolveAsItIs(config, sent) ?? this.#resolveAsItIs(config, withoutLatest(sent));
    if (resolution === undefined) throw unknownModel(sent);
    return resolution;
  }

  /**
   * Finds what a path below `/upstream` means: the longest name of whole segments at its beginning, of which those that the
   * profile in force pins come before all others. Selectors are not among the names. `null` when no name is there.
   *
   * @throws {GatewayError} `unknown_model` for a name that the profile in force switches off.
   */
  resolvePath(config: NamesConfig, path: string): PathResolution | null {
    const profile = this.#profileOf(config);
    const pin = profile === null ? null : findLongestName(path, {
      find: (name) => profile.pins.get(name),
      maxLength: longestKey(profile.pins),
    });
    if (profile !== null && pin !== null) {
      if (pin.found === "") throw switchedOff(pin.name, profile);
      const destination = findDestination(config, pin.found);
      if (destination === undefined) return null;
      return { resolution: plainResolution(destination, pin.found), rest: pin.rest };
    }
    const match = findLongestName(path, {
      find: (name) => findDestination(config, name),
      maxLength: Math.max(longestKey(config.models), longestKey(config.aliases), longestKey(config.peerModels)),
    });
    return match && { resolution: plainResolution(match.found, match.name), rest: match.rest };
  }

  /** The profile in force. */
  get activeProfile(): string | null {
    return this.#active;
  }

  /**
   * Puts a profile in force for every request that is resolved from now on; `null` for none.
   *
   * @throws {GatewayError} `not_found` when there is none of that name.
   */
  activate(config: Pick<Config, "profiles">, name: string | null): void {
    if (name !== null && !config.profiles.has(name)) {
      throw new GatewayError("not_found", `profile ${JSON.stringify(name.slice(0, 200))} not found`, { param: "name" });
    }
    if (name === this.#active) return;
    this.#active = name;
    this.#onChange(name);
  }

  /** After a reload: a profile that still exists stays in force, as the new config has it; one that is gone does not. */
  keepAfterReload(config: Pick<Config, "profiles" | "selectors">): void {
    this.#spillover.keep(config.selectors);
    if (this.#active !== null && !config.profiles.has(this.#active)) this.activate(config, null);
  }

  /** What spillover selectors have given away and not got back. */
  spilling(): readonly SpilloverCount[] {
    return this.#spillover.counts();
  }

  #resolveAsItIs(config: NamesConfig, sent: string): Resolution | undefined {
    const profile = this.#profileOf(config);
    const pinned = profile?.pins.get(sent);
    if (profile !== null && pinned === "") throw switchedOff(sent, profile);
    const name = pinned ?? sent;
    const selector = config.selectors.get(name);
    if (selector !== undefined) return this.#choose(config, selector);
    const destination = findDestination(config, name);
    return destination && plainResolution(destination, name);
  }

  #choose(config: NamesConfig, selector: SelectorConfig): Resolution {
    const targets = selector.targets.flatMap((name) => this.#targetOf(config, name));
    const { id } = selector;
    switch (selector.strategy) {
      case "pin":
        return resolutionOf(targets[0], { id });
      case "warm": {
        const inPhase = (phase: Phase) => targets.find((target) => target.phase === phase);
        return resolutionOf(inPhase("ready") ?? inPhase("starting") ?? targets[0], { id });
      }
      case "spillover": {
        const together = config.scheduler.use !== "serial";
        const reserved = this.#spillover.reserve(id, targets, { limit: selector.spillover, together });
        return resolutionOf(reserved?.target, { id, ...(reserved && { release: reserved.release }) });
      }
      default:
        selector.strategy satisfies never;
        throw new TypeError(`unknown strategy of the selector ${id}`);
    }
  }

  #targetOf(config: NamesConfig, name: string): readonly Target[] {
    const destination = findDestination(config, name);
    if (destination === undefined) return [];
    const phase = destination.kind === "local" ? this.#phaseOf(destination.model) : null;
    return [{ name, destination, phase, key: fullName(destination) }];
  }

  #profileOf(config: Pick<Config, "profiles">): ProfileConfig | null {
    return this.#active === null ? null : config.profiles.get(this.#active) ?? null;
  }
}

interface Target extends Candidate {
  readonly name: string;
  readonly destination: Destination;
}

function plainResolution(destination: Destination, requested: string): Resolution {
  const shownModel = destination.kind === "local" ? destination.model : requested;
  return { destination, requested, selector: null, shownModel, release: nothing };
}

function resolutionOf(
  target: Target | undefined,
  { id, release = nothing }: { readonly id: string; readonly release?: () => void },
): Resolution {
  if (target === undefined) {
    const message = `selector ${JSON.stringify(id)} has no available spillover targets`;
    throw new GatewayError("too_busy", message, { retryAfterS: 1 });
  }
  return { ...plainResolution(target.destination, target.name), selector: id, release };
}

function nothing(): void {}

function switchedOff(name: string, profile: ProfileConfig): GatewayError {
  const message = `The model ${JSON.stringify(name)} is switched off by the active profile ${
    JSON.stringify(profile.name)
  }`;
  return new GatewayError("unknown_model", message, { param: "model" });
}
