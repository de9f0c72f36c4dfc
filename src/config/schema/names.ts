/**
 * Keys of the blocks that give models further names: `profiles`, `selectors`, `peers` (spec §2.12–§2.14).
 *
 * @module
 */

import { z } from "zod";
import { about, anyMapping, block, bool, integer, listOf, mappingOf, secret, text } from "../fields.ts";
import { peerFilters } from "./filters.ts";
import { peerTimeouts } from "./timeouts.ts";

const profile = z.object({
  description: about(text().default(""), "A sentence for people."),
  pins: about(
    mappingOf(text().nullable()).default({}),
    "What each requested name stands for: a model, alias, selector or model of a peer; empty = the name is switched off.",
    "name: name",
  ),
}, {
  error: ({ input }) =>
    Array.isArray(input)
      ? "legacy list syntax is not supported any more: write a mapping with pins"
      : "must be a mapping",
}).meta({ required: ["pins"] });

const selector = block({
  strategy: about(
    text().default(""),
    "`pin`: always the first target. `warm`: the first that is loaded. `spillover`: the next one when those before are busy; " +
      "under `serial` only one of the models here at a time, and peers beside it.",
    "pin, warm or spillover",
  ),
  targets: about(
    listOf(text()).default([]),
    "What it chooses among, in order: models, aliases or, except for `warm`, models of peers.",
    "list of text",
  ),
  settings: about(
    block({
      spillover: about(
        integer().default(1),
        "For `spillover`: requests on each active target before the next one is used; at least 1.",
      ),
    }).prefault({}),
    "Settings of the strategy.",
  ),
  name: about(text().default(""), "A name for people, in listings."),
  description: about(text().default(""), "A sentence for people, in listings."),
  unlisted: about(bool().default(false), "Whether listings leave the selector out."),
  metadata: about(anyMapping().optional(), "Anything; shown in listings.", "mapping"),
}).meta({ required: ["strategy", "targets"] });

const peer = block({
  proxy: about(
    text().default(""),
    "Where the other gateway answers. With https its certificate has to be one that Deno trusts: the file that `DENO_CERT` " +
      "names adds an authority. A user name and password in it are not sent.",
    "URL",
  ),
  apiKey: about(
    secret("api key").default(""),
    "The key that it is sent, in place of the client's. Without one it is sent what the client sends, but never where this " +
      "gateway has `apiKeys`.",
    "text",
  ),
  models: about(
    listOf(text()).default([]),
    "Its models. Each can be asked for as `peer/model`, and by its bare name when only one peer offers it.",
    "list of text",
  ),
  filters: about(peerFilters.prefault({}), "Changes to JSON request bodies; `model` is never changed."),
  timeouts: about(peerTimeouts.prefault({}), "Limits towards the peer."),
}).meta({ required: ["proxy", "models"] });

/** The top-level keys of this section. */
export const nameFields = {
  includeAliasesInList: about(bool().default(false), "Whether listings show aliases as models of their own."),
  profiles: about(
    mappingOf(profile).default({}),
    "Sets of names; an operator puts one of them in force at a time.",
    "mapping by name",
  ),
  selectors: about(mappingOf(selector).default({}), "Names that choose among models.", "mapping by name"),
  peers: about(
    mappingOf(peer).default({}),
    "Other gateways whose models can be asked for here.",
    "mapping by name",
  ),
};

/** The parsed keys of one profile. */
export type ProfileSettings = z.output<typeof profile>;
/** The parsed keys of one selector. */
export type SelectorSettings = z.output<typeof selector>;
/** The parsed keys of one peer. */
export type PeerSettings = z.output<typeof peer>;
