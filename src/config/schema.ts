/**
 * Every key of a config, once: types, defaults, checks, JSON Schema and documentation all come from here and from the
 * sections in `schema/`.
 *
 * @module
 */

import { z } from "zod";
import { about, block, bool, integer, integerFrom, listOf, mappingOf, text } from "./fields.ts";
import { accessFields } from "./schema/access.ts";
import { macros } from "./schema/macros.ts";
import { modelSchema, pulse } from "./schema/model.ts";
import { nameFields } from "./schema/names.ts";
import { activityFields, logFields } from "./schema/observing.ts";
import { routingFields } from "./schema/routing.ts";

const limits = block({
  requestBody: about(
    integerFrom(1, "must be >= 1").default(256),
    "MiB of the largest request body; more is refused with 413.",
  ),
  bodyMemory: about(
    integerFrom(1, "must be >= 1").default(1024),
    "MiB of all request bodies that are held at one time, at least `requestBody`; what goes beyond is refused with 503. " +
      "Bodies with a Content-Length of up to 64 KiB have a sixteenth more, at least 4 MiB, to themselves.",
  ),
  bodyTimeout: about(
    integerFrom(0, "must be >= 0").default(300),
    "Seconds in which a request's body must have come; a slower one is refused with 408. 0 = no limit.",
  ),
  responseBuffer: about(
    integerFrom(1, "must be >= 1").default(4),
    "MiB of an answer that are kept for a client that reads slower than the backend writes.",
  ),
  stalledWrite: about(
    integerFrom(0, "must be >= 0").default(60),
    "Seconds in which a client must take half of a full buffer; otherwise it is cut and the next request starts. 0 = no limit.",
  ),
  openRequestsPerKey: about(
    integerFrom(0, "must be >= 0").default(0),
    "Requests of one key that may be open at the same time, waiting or served; one more is refused with 429. Clients without a " +
      "key count as one. 0 = no limit.",
  ),
});

const websockets = block({
  idleLease: about(
    integerFrom(0, "must be >= 0").default(10),
    "Seconds without a message in either direction after which an open websocket does not count as use of its model any " +
      "more; the next message waits in line like a request, but never loads the model. 0 = it counts as long as it is open.",
  ),
});

const hooks = block({
  on_startup: about(
    block({
      preload: about(
        listOf(text()).default([]),
        "Models or aliases that are loaded at start and after each reload, one after the other.",
        "list of text",
      ),
    }).prefault({}),
    "At start and after each reload.",
  ),
});

const topFields = {
  healthCheckTimeout: about(integer().default(120), "Seconds that a backend may take to become ready; at least 15."),
  globalTTL: about(
    integerFrom(0, "globalTTL must be >= 0").default(0),
    "The `ttl` of models that set none; 0 = never.",
  ),
  unloadTimeout: about(
    integerFrom(0, "unloadTimeout must be >= 0").default(10),
    "Seconds between asking a backend to stop and killing it; 0 = 10.",
  ),
  startPort: about(
    integerFrom(1, "startPort must be greater than 1", { maximum: 65535, message: "startPort must be at most 65535" })
      .default(5800),
    "The first port that `${PORT}` stands for; models that need one get the next, in order of their ids.",
  ),
  sendLoadingState: about(
    bool().default(false),
    "Whether chat streams that wait show as text how loading goes, as in llama-swap.",
  ),
  queueKeepAlive: about(
    pulse().default(0),
    "How often a stream that waits is sent a comment (Anthropic: a `ping`), so that no proxy cuts it; 0 = never. From the first " +
      "one on the answer's status is 200, and failures are told inside the stream. At least 0.1.",
    "duration or seconds",
  ),
  macros: macros(),
  ...accessFields,
  limits: about(limits.prefault({}), "What one client may take up."),
  trustProxy: about(
    z.union([bool(), listOf(text())]).default(false),
    "Proxies in front that are believed what `X-Forwarded-For`, `-Proto` and `-Host` say: their addresses or ranges " +
      "(`10.0.0.0/8`), or `unix` for whoever connects to the unix socket. `true` believes everybody: only where nobody " +
      "but the proxy can connect.",
    "true, false or list of addresses",
  ),
  websockets: about(websockets.prefault({}), "How websockets take part in the order of requests."),
  hooks: about(hooks.prefault({}), "What happens at certain moments."),
  ...routingFields,
  ...nameFields,
  ...logFields,
  ...activityFields,
};

/** The keys of a config besides `models`, whose ids may be any text. */
export const topSchema = block(topFields);

/** A whole config: what the JSON Schema and the documentation describe. */
export const configSchema = z.object({
  ...topFields,
  models: about(mappingOf(modelSchema).default({}), "The models by id."),
});

/** The parsed keys besides `models`. */
export type TopSettings = z.output<typeof topSchema>;
