/**
 * The keys of one model.
 *
 * @module
 */

import { z } from "zod";
import { about, anyMapping, block, bool, duration, integer, integerFrom, listOf, text } from "../fields.ts";
import { parseDuration } from "../durations.ts";
import { modelFilters } from "./filters.ts";
import { macros } from "./macros.ts";
import { modelTimeouts } from "./timeouts.ts";

const modality = z.enum(["text", "audio", "image"], "invalid modality: must be text, audio or image");

const capabilities = block({
  in: about(listOf(modality).optional(), "What the model takes.", "list of text, audio, image"),
  out: about(listOf(modality).optional(), "What the model gives.", "list of text, audio, image"),
  tools: about(bool().optional(), "Whether it can call functions."),
  reranker: about(bool().optional(), "Whether it ranks documents."),
  context: about(integerFrom(0, "capabilities.context must be >= 0").optional(), "Tokens of context."),
});

const grant = () => z.union([bool(), listOf(text())]).optional();

const permissions = z.strictObject({
  read: about(grant(), "Files and folders that the worker may read."),
  write: about(grant(), "Files and folders that it may write."),
  net: about(grant(), "Hosts that it may reach, besides its own port."),
  env: about(grant(), "Environment variables that it may read."),
  run: about(grant(), "Programs that it may run."),
  sys: about(grant(), "System facts that it may ask for."),
  ffi: about(grant(), "Dynamic libraries that it may load."),
  import: about(grant(), "Hosts that it may import code from."),
}, "must be a mapping");

const compat = block({
  ignoreWebsockets: about(
    bool().default(false),
    "Whether websockets neither start the model nor count as use of it; for web pages that stay connected. They open only " +
      "while the model is ready, and are closed with 1012 when it is stopped.",
  ),
});

const LEAST_PULSE_MS = 100;

/** How often something is said to who waits: never, or not too often. */
export function pulse(): ReturnType<typeof duration> {
  return duration().refine((value) => {
    const ms = parseDuration(value);
    return ms === null || ms === 0 || ms >= LEAST_PULSE_MS;
  }, "must be 0 or at least 0.1 seconds");
}

/** The keys of one model. */
export const modelSchema = block({
  cmd: about(text().optional(), "The command line that starts the backend, without a shell. Either this or `worker`."),
  worker: about(
    text().optional(),
    "Instead of `cmd`: a module with a default export `{ fetch }` (a path, a URL or `berth:tiny`), then its arguments.",
  ),
  permissions: about(
    permissions.optional(),
    "What a `worker` may do besides answering on its port; nothing unless listed.",
  ),
  cmdStop: about(
    text().optional(),
    "A command that stops the backend, instead of SIGTERM; `${PID}` is its process id. On Windows, where no signal asks a " +
      "program to end, `taskkill /f /t /pid ${PID}` unless given.",
  ),
  proxy: about(
    text().optional(),
    "Where the backend answers, http or https. Without it `http://localhost:${PORT}`, and `cmd` must use `${PORT}`. A user " +
      "name and password in it are not sent.",
    "URL",
  ),
  env: about(
    listOf(text()).default([]),
    "Environment variables of the backend, on top of the gateway's own. What has no `=` is left out, with a warning.",
    "list of NAME=value",
  ),
  checkEndpoint: about(
    text().default("/health"),
    "The path that answers 200 when the backend is ready; `none` = do not ask.",
  ),
  startTimeout: about(
    duration().optional(),
    "How long this model may take to become ready; otherwise `healthCheckTimeout`.",
    "duration or seconds",
  ),
  healthCheckTimeout: about(integer().optional(), "Like `startTimeout`, in seconds, at least 15."),
  ttl: about(
    integer().default(-1),
    "Seconds without a request after which the backend is stopped; 0 = never, -1 = `globalTTL`.",
  ),
  unloadTimeout: about(
    integer().default(0),
    "Seconds between asking the backend to stop and killing it; 0 = the global one.",
  ),
  timeouts: about(modelTimeouts.prefault({}), "Limits towards the backend."),
  concurrencyLimit: about(integer().default(0), "Most requests waiting or being served; 0 = no limit of its own."),
  filters: about(modelFilters.prefault({}), "Changes to JSON request bodies; `model` is never changed."),
  sendLoadingState: about(
    bool().optional(),
    "Whether a chat stream that waits shows as text how loading goes; otherwise the global `sendLoadingState`.",
  ),
  queueKeepAlive: about(
    pulse().optional(),
    "How often a stream that waits is kept alive; otherwise the global `queueKeepAlive`.",
    "duration or seconds",
  ),
  compat: about(compat.prefault({}), "Switches for unusual backends."),
  aliases: about(listOf(text()).default([]), "Other names for the model.", "list of text"),
  useModelName: about(text().default(""), "The model name that the backend is sent instead of the one asked for."),
  name: about(text().default(""), "A name for people, in listings."),
  description: about(text().default(""), "A sentence for people, in listings."),
  unlisted: about(bool().default(false), "Whether listings leave the model out."),
  metadata: about(anyMapping().optional(), "Anything; shown in listings.", "mapping"),
  capabilities: about(capabilities.optional(), "What the model can do; shown in listings."),
  macros: macros(),
});

/** The parsed keys of one model. */
export type ModelSettings = z.output<typeof modelSchema>;
/** What a model can do; all of it optional. */
export type Capabilities = z.output<typeof capabilities>;
/** What a worker may do: a permission is granted as a whole (`true`) or for the things listed. */
export type WorkerPermissions = z.output<typeof permissions>;
