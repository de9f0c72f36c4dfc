/**
 * Keys of `routing`, and the older spellings of its parts (spec §2.15–§2.17).
 *
 * @module
 */

import type { z } from "zod";
import { about, block, bool, duration, integer, integerFrom, listOf, mappingOf, text } from "../fields.ts";

const maxWait = () =>
  about(
    duration().optional(),
    "How long a request may wait before it is refused with 503; without it, for ever.",
    "duration or seconds",
  );

const serial = block({
  parallel: about(
    integerFrom(1, "must be >= 1").default(1),
    "How many neighbouring requests for the resident model may overlap.",
  ),
  maxQueue: about(integerFrom(1, "must be >= 1").default(1000), "Most waiting requests; more are refused with 429."),
  maxWait: maxWait(),
});

const fifo = block({
  priority: about(
    mappingOf(integer()).default({}),
    "Models whose requests go before others: the higher number first, in order of arrival among equals. Unlisted = 0.",
    "model: whole number",
  ),
  maxAge: about(
    duration().default("60s"),
    "Once the oldest queued request has waited this long, no new request is granted on models that stand in its way; " +
      "0 = never, as in llama-swap.",
    "duration or seconds",
  ),
  maxWait: maxWait(),
});

const group = block({
  members: about(listOf(text()).default([]), "Its models, each in one group only.", "list of text"),
  swap: about(bool().default(true), "Whether only one of its models is in memory at a time."),
  exclusive: about(bool().default(true), "Whether starting one of its models stops those of other groups."),
  persistent: about(bool().default(false), "Whether other groups never stop its models."),
});

const matrix = block({
  vars: about(mappingOf(text()).default({}), "Short names for models, to use in `sets`.", "name: model"),
  evict_costs: about(
    mappingOf(integer()).default({}),
    "How bad it is to stop a model, from 1; unlisted models cost 1.",
    "name: whole number",
  ),
  sets: about(
    mappingOf(text()).default({}),
    "What may be in memory together: `a & b` together, `a | b` one of them, `(…)`, `+set` for another set.",
    "name: expression",
  ),
}).meta({ required: ["sets"] });

const groups = () => mappingOf(group).default({});

const scheduler = block({
  use: about(
    text().default("serial"),
    "`serial`: strict arrival order, one model in memory. `fifo`: as llama-swap, with groups or a matrix and priorities.",
    "serial or fifo",
  ),
  settings: about(
    block({
      serial: about(serial.prefault({}), "Settings of `serial`."),
      fifo: about(fifo.prefault({}), "Settings of `fifo`."),
    }).prefault({}),
    "Settings by scheduler; only those of the one in use count.",
  ),
});

const router = block({
  use: about(text().optional(), "`group` (also without this key) or `matrix`.", "group or matrix"),
  settings: about(
    block({
      groups: about(groups(), "Groups by name; models in none form one that swaps.", "mapping by name"),
      matrix: about(matrix.optional(), "Sets of models that may be in memory together."),
    }).prefault({}),
    "Settings by router; only those of the one in use count.",
  ),
});

/** The top-level keys of this section. */
export const routingFields = {
  routing: about(
    block({
      scheduler: about(scheduler.prefault({}), "Who goes next."),
      router: about(
        router.prefault({}),
        "Which models may be in memory together, under `fifo`; `serial` keeps one and ignores this.",
      ),
    }).prefault({}),
    "How requests are ordered.",
  ),
  groups: about(groups(), "Older spelling of `routing.router.settings.groups`.", "mapping by name"),
  matrix: about(matrix.optional(), "Older spelling of `routing.router.settings.matrix` with `use: matrix`."),
};

/** The parsed keys of one group. */
export type GroupSettings = z.output<typeof group>;
/** The parsed keys of a matrix. */
export type MatrixSettings = z.output<typeof matrix>;
