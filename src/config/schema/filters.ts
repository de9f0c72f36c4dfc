/**
 * Keys of `filters`: changes to JSON request bodies (spec §2.11).
 *
 * @module
 */

import { z } from "zod";
import { about, anyMapping, block, mappingOf, text } from "../fields.ts";

const common = {
  stripParams: about(
    text().default(""),
    "Names that are removed from the body, separated by commas. `a.b` is the member `b` of `a`, `a\\.b` a name with a dot.",
    "a,b,c",
  ),
  setParams: about(
    anyMapping().optional(),
    "Values that are set in the body, whatever the client sent; names as in `stripParams`.",
    "name: value",
  ),
  setParamsByID: about(
    mappingOf(anyMapping()).default({}),
    "Values that are set when the model is asked for by this name, after `setParams`. For a model each name is an alias.",
    "name: (name: value)",
  ),
};

/** The filters of a model. */
export const modelFilters = block({
  ...common,
  strip_params: about(text().default(""), "Older spelling of `stripParams`, used when that is empty.", "a,b,c"),
});

/** The filters of a peer. */
export const peerFilters = block(common);

/** Parsed filters of a model or, without the older spelling, of a peer. */
export type FilterSettings = z.output<typeof peerFilters> & Partial<z.output<typeof modelFilters>>;
