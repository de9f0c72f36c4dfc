/**
 * The names by which clients and operators know requests, beside the tickets of the core.
 *
 * @module
 */

import type { Ticket } from "./types.ts";

/** A caller as far as its name goes. */
export interface Named {
  /** Its name in the core. */
  readonly ticket: Ticket;
  /** The public id as far as one was given or made up. */
  knownId: string | undefined;
}

/** Who has which public id; an id is made up only when somebody asks for it. */
export class PublicIds<C extends Named> {
  readonly #byId = new Map<string, C>();
  /** Public ids of callers that have left while their slot is still taken. */
  readonly #departed = new Map<Ticket, string>();

  /** A caller came with an id. */
  add(id: string, caller: C): void {
    this.#byId.set(id, caller);
  }

  /** Whose id this is; undefined for an unknown one or one whose caller has left. */
  find(id: string): C | undefined {
    return this.#byId.get(id);
  }

  /** The id of a caller, or of one that has left (undefined), made up if there is none yet. */
  idOf(ticket: Ticket, caller: C | undefined): string {
    const id = caller?.knownId ?? this.#departed.get(ticket) ?? crypto.randomUUID();
    if (caller === undefined) this.#departed.set(ticket, id);
    else if (caller.knownId === undefined) {
      caller.knownId = id;
      this.#byId.set(id, caller);
    }
    return id;
  }

  /** A caller has left; its id is kept if its slot is still taken. */
  forget({ knownId, ticket }: C, keepsSlot: boolean): void {
    if (knownId === undefined) return;
    // Nobody with a name, as while nobody waits: then not even the text's hash has to be worked out.
    if (this.#byId.size > 0 && this.#byId.get(knownId)?.ticket === ticket) this.#byId.delete(knownId);
    if (keepsSlot) this.#departed.set(ticket, knownId);
  }

  /** Drops the ids of those who have left and whose slot is free now. */
  prune(hasSlot: (ticket: Ticket) => boolean): void {
    if (this.#departed.size === 0) return;
    for (const ticket of this.#departed.keys()) if (!hasSlot(ticket)) this.#departed.delete(ticket);
  }
}
