/**
 * What one step of a core wishes, in order.
 *
 * @module
 */

import type { Command } from "./types.ts";

/** The part of a core's draft that holds the wishes. */
export interface WishDraft {
  /** The wishes so far; null before the first. */
  commands: Command[] | null;
}

const NOTHING: readonly Command[] = [];

/**
 * Adds a wish to those of a step. Most steps have one or none: an array that is made with its one wish stays small, where
 * one that grows takes room for 17.
 */
export function wish(draft: WishDraft, command: Command): void {
  if (draft.commands === null) draft.commands = [command];
  else draft.commands.push(command);
}

/** All wishes of a step that is over. */
export function wishesOf({ commands }: WishDraft): readonly Command[] {
  return commands ?? NOTHING;
}
