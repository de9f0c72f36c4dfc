/**
 * Keys about who may use the gateway: `apiKeys`, `cors`, `allowedHosts`.
 *
 * @module
 */

import { z } from "zod";
import { about, block, integerFrom, listOf, secret, text } from "../fields.ts";

const apiKey = block({
  key: about(secret("api key").default(""), "The key itself; `${env.NAME}` keeps it out of the file.", "text"),
  name: about(text().optional(), "A name for people, which may be shown where the key may not."),
  scopes: about(
    listOf(text()).optional(),
    "What it is good for: `inference` (asking models), `models` (listing them), `logs` (reading logs), `operate` (events, the " +
      "queue, unloading, cancelling, profiles), `config` (reading and reloading the config). Without this key: everything.",
    "list of inference, models, logs, operate, config",
  ),
  models: about(
    listOf(text()).optional(),
    "Models that it may use, as a client asks for them: ids, aliases, models of peers, or selectors, which stand for their " +
      "targets. Without this key: all.",
    "list of text",
  ),
  maxOpen: about(
    integerFrom(0, "must be >= 0").optional(),
    "Requests that may be open with it at the same time; 0 = no limit. Without this key: `limits.openRequestsPerKey`.",
    "whole number",
  ),
}).meta({ required: ["key"] });

/** The top-level keys of this section. */
export const accessFields = {
  apiKeys: about(
    listOf(z.union([secret("api key", "empty api key found in apiKeys"), apiKey], "must be text or a mapping with key"))
      .default([]),
    "Keys of which a client must send one; without any, everybody may do everything. Quote them, so that none is taken for a " +
      "number. A text may do everything; a mapping says what its key may do.",
    "list of text or mappings",
  ),
  cors: about(
    block({
      origins: about(
        listOf(text()).optional(),
        "Where pages come from that may use the gateway from a browser: `https://chat.example.com`, `https://*.example.com`, " +
          "`chrome-extension://*`, `null` (quoted: a page from a file), `*` = any. Unless given: with apiKeys any page that has a " +
          "key, without apiKeys pages of the gateway itself and, where the gateway is asked for by a name of this machine, of this machine.",
        "list of text",
      ),
    }).prefault({}),
    "Web pages of other sites.",
  ),
  allowedHosts: about(
    listOf(text()).default([]),
    "Names besides `localhost` and IP addresses by which a gateway without apiKeys may be asked for; `*.example.com` for all " +
      "names below one, `*` for any. Checked when it listens on this machine alone, or when anything is listed: a foreign page " +
      "cannot reach it by a name of its own then.",
    "list of text",
  ),
};

/** The parsed entries of `apiKeys`. */
export type ApiKeySettings = z.output<typeof accessFields.apiKeys>[number];
