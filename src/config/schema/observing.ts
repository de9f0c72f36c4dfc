/**
 * Keys that say what is seen of the gateway: its log, the record of its activity, the web page.
 *
 * @module
 */

import { about, block, bool, duration, integer, listOf, noEffectEver, noEffectYet, text } from "../fields.ts";

/** Top-level keys of the log. */
export const logFields = {
  logLevel: about(text().default("info"), "The least level of the gateway's own lines.", "debug, info, warn or error"),
  logTimeFormat: about(
    text().default(""),
    "How the gateway's own lines show the time: a name such as `rfc3339`, `stampmilli` or `kitchen`; empty = not at all.",
  ),
  logToStdout: about(
    text().default("proxy"),
    "Which lines are written: the gateway's own (to standard error), what backends print (to standard output), both or none.",
    "proxy, upstream, both or none",
  ),
  logRequests: noEffectEver(about(bool().default(false), "Nor has it in llama-swap.")),
};

/** Top-level keys of activity and of the web page. */
export const activityFields = {
  store: noEffectYet(about(
    block({ path: about(text().default(""), "The file; it and its folder must be writable.", "path") })
      .meta({ required: ["path"] }).optional(),
    "Where activity is kept; without this key, in memory.",
  )),
  metricsMaxInMemory: noEffectYet(about(
    integer().default(1000),
    "How many records of activity are kept in memory; 0 or less = 1000.",
  )),
  captureBuffer: noEffectYet(about(
    integer().default(5),
    "MiB of request and response bodies that are kept; 0 or less = none.",
  )),
  performance: noEffectYet(about(
    block({
      disabled: about(bool().default(false), "Whether the machine is not sampled."),
      every: about(
        duration("performance: every must be at least 5s").default("5s"),
        "Time between samples, at least 5s; 0 = 5s.",
        "duration or seconds",
      ),
    }).prefault({}),
    "Sampling of the machine.",
  )),
  ui: about(
    block({
      activity: about(
        block({
          session_id: about(
            listOf(text()).default(["X-Session-ID", "X-Litellm-Session-Id"]),
            "Request headers that name the session of an activity; the first one sent counts, an empty list = none.",
            "list of text",
          ),
        }).prefault({}),
        "The page of activity.",
      ),
    }).prefault({}),
    "Settings of the web page.",
  ),
  upstream: about(
    block({
      ignorePaths: about(
        listOf(text()).optional(),
        "Paths below `/upstream/MODEL/` that never load a model. Without this key those of style sheets, scripts, " +
          "fonts and images; an empty list = none.",
        "list of regular expressions",
      ),
    }).prefault({}),
    "Rules for direct access to a backend.",
  ),
};
