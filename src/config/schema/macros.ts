/**
 * The key `macros`, of a config and of a model.
 *
 * @module
 */

import type { z } from "zod";
import { about, anyMapping } from "../fields.ts";

/** Texts by name. Reading them is the business of the macros themselves, which are gone from the tree by then. */
export function macros(): z.ZodOptional<z.ZodUnknown> {
  return about(
    anyMapping().optional(),
    "Texts that `${name}` stands for; each may use those before it.",
    "name: text, number or boolean",
  );
}
