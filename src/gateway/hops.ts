/**
 * Loops between gateways, noticed by `Via` (RFC 9110 §7.6.3): each gateway adds itself to a request that it sends on, and
 * knows itself when the request comes back.
 *
 * @module
 */

import { GatewayError } from "../errors.ts";

/** How many gateways a request may have passed when it arrives here; a chain is a tree of models, not a network. */
const MAX_HOPS = 5;

/** What the name of every gateway of this kind begins with. */
const PREFIX = "berth-";

/** One gateway as a hop; its name says nothing about its host. */
export class Hops {
  readonly #name: string;

  /** `instance` tells this gateway from every other one; random unless given. */
  constructor(instance: string = crypto.randomUUID().slice(-12)) {
    this.#name = PREFIX + instance;
  }

  /**
   * Lets a request pass that is here for the first time; to be asked before anything is loaded for it.
   *
   * @throws {GatewayError} `loop`.
   */
  refuseLoop(headers: Headers): void {
    const via = headers.get("via");
    if (via === null) return;
    const passed = gatewaysIn(via);
    if (passed.includes(this.#name)) {
      throw new GatewayError("loop", "This request has been here before: a peer or a backend sends it back");
    }
    if (passed.length >= MAX_HOPS) {
      throw new GatewayError("loop", `This request has passed ${passed.length} gateways: no more than ${MAX_HOPS} may`);
    }
  }

  /** The `via` to send on with a request that came with `headers`. */
  viaFor(headers: Headers): string {
    const before = headers.get("via") ?? "";
    return `${before === "" ? "" : `${before}, `}1.1 ${this.#name}`;
  }
}

/** The gateways of this kind that a `via` names; others, such as a proxy in front, do not count. */
function gatewaysIn(via: string): readonly string[] {
  return via.split(",").flatMap((entry) => entry.trim().split(/\s+/)[1] ?? []).filter((name) =>
    name.startsWith(PREFIX)
  );
}
