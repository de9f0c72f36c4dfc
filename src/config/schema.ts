/**
 * Every key of a config, once: types, defaults, checks, JSON Schema and documentation all come from here.
 *
 * @module
 */

import { z } from "zod";
import { about, anyMapping, bool, duration, integer, integerFrom, listOf, notYet, text } from "./fields.ts";

const modality = z.enum(["text", "audio", "image"], "invalid modality: must be text, audio or image");

const capabilities = z.object({
  in: about(listOf(modality).optional(), "What the model takes.", "list of text, audio, image"),
  out: about(listOf(modality).optional(), "What the model gives.", "list of text, audio, image"),
  tools: about(bool().optional(), "Whether it can call functions."),
  reranker: about(bool().optional(), "Whether it ranks documents."),
  context: about(integerFrom(0, "capabilities.context must be >= 0").optional(), "Tokens of context."),
}, "must be a mapping");

const nonNegative = () => integerFrom(0, "must be >= 0");

const timeouts = z.object({
  connect: about(nonNegative().default(30), "Seconds to connect to the backend; 0 = no limit."),
  responseHeader: about(
    nonNegative().default(0),
    "Seconds from a request to its response's headers; 0 = no limit, which long answers without streaming need.",
  ),
  keepalive: about(
    nonNegative().default(30),
    "0 = idle connections are not probed; otherwise they are, as often as the system does (the number is not used).",
  ),
  tlsHandshake: notYet("Seconds for a TLS handshake."),
  expectContinue: notYet(
    "Seconds to wait for a 100-continue. Bodies are read whole before a backend is asked, so that nothing waits for it.",
  ),
  idleConn: about(nonNegative().default(90), "Seconds that an unused connection stays open; 0 = no limit."),
}, "must be a mapping");

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

const macros = () =>
  about(
    anyMapping().optional(),
    "Texts that `${name}` stands for; each may use those before it.",
    "name: text, number or boolean",
  );

/** The keys of one model. */
export const modelSchema = z.object({
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
    "A command that stops the backend, instead of SIGTERM; `${PID}` is its process id.",
  ),
  proxy: about(
    text().optional(),
    "Where the backend answers. Without it `http://localhost:${PORT}`, and `cmd` must use `${PORT}`.",
    "URL",
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
  aliases: about(listOf(text()).default([]), "Other names for the model.", "list of text"),
  env: about(
    listOf(text()).default([]),
    "Environment variables of the backend, on top of the gateway's own.",
    "list of NAME=value",
  ),
  unlisted: about(bool().default(false), "Whether listings leave the model out."),
  useModelName: about(text().default(""), "The model name that the backend is sent instead of the one asked for."),
  name: about(text().default(""), "A name for people, in listings."),
  description: about(text().default(""), "A sentence for people, in listings."),
  concurrencyLimit: about(integer().default(0), "Most requests waiting or being served; 0 = no limit of its own."),
  macros: macros(),
  metadata: about(anyMapping().optional(), "Anything; shown in listings.", "mapping"),
  timeouts: about(timeouts.prefault({}), "Limits towards the backend."),
  capabilities: about(capabilities.optional(), "What the model can do; shown in listings."),
  filters: notYet("Changes to request bodies: stripParams, setParams, setParamsByID."),
  sendLoadingState: notYet("Whether a waiting stream is told how loading goes."),
  compat: notYet("Switches for unusual backends."),
}, "must be a mapping");

const serial = z.object({
  parallel: about(
    integerFrom(1, "must be >= 1").default(1),
    "How many neighbouring requests for the resident model may overlap.",
  ),
  maxQueue: about(integerFrom(1, "must be >= 1").default(1000), "Most waiting requests; more are refused with 429."),
  maxWait: about(
    duration().optional(),
    "How long a request may wait before it is refused with 503; without it, for ever.",
    "duration or seconds",
  ),
}, "must be a mapping");

const routing = z.object({
  scheduler: about(
    z.object({
      use: about(
        text().default("serial"),
        "Which scheduler: `serial` (strict arrival order, one model in memory).",
        "serial",
      ),
      settings: about(
        z.object({
          serial: about(serial.prefault({}), "Settings of `serial`."),
          fifo: notYet("Settings of `fifo`."),
        }, "must be a mapping").prefault({}),
        "Settings by scheduler.",
      ),
    }, "must be a mapping").prefault({}),
    "Who goes next.",
  ),
  router: notYet("Which models may be in memory together (groups or matrix); `serial` keeps one."),
}, "must be a mapping");

const limits = z.object({
  requestBody: about(
    integerFrom(1, "must be >= 1").default(256),
    "MiB of the largest request body; more is refused with 413.",
  ),
  responseBuffer: about(
    integerFrom(1, "must be >= 1").default(4),
    "MiB of an answer that are kept for a client that reads slower than the backend writes.",
  ),
  stalledWrite: about(
    nonNegative().default(60),
    "Seconds in which a client must take half of a full buffer; otherwise it is cut and the next request starts. 0 = no limit.",
  ),
}, "must be a mapping");

const topFields = {
  healthCheckTimeout: about(integer().default(120), "Seconds that a backend may take to become ready; at least 15."),
  logLevel: about(text().default("info"), "debug, info, warn or error.", "text"),
  globalTTL: about(
    integerFrom(0, "globalTTL must be >= 0").default(0),
    "The `ttl` of models that set none; 0 = never.",
  ),
  unloadTimeout: about(
    integerFrom(0, "unloadTimeout must be >= 0").default(10),
    "Seconds between asking a backend to stop and killing it; 0 = 10.",
  ),
  startPort: about(
    integerFrom(1, "startPort must be greater than 1").default(5800),
    "The first port that `${PORT}` stands for; models that need one get the next, in order of their ids.",
  ),
  macros: macros(),
  includeAliasesInList: about(bool().default(false), "Whether listings show aliases as models of their own."),
  apiKeys: about(
    listOf(
      z.string("must be text: quote it, so that no digit is lost").min(1, "empty api key found in apiKeys").refine(
        (key) => !key.includes(" "),
        "api key cannot contain spaces",
      ),
    ).default([]),
    "Keys of which a client must send one; without any, everybody may do everything.",
    "list of text",
  ),
  limits: about(limits.prefault({}), "What one client may take up."),
  routing: about(routing.prefault({}), "How requests are ordered."),
  groups: notYet("Older spelling of routing.router.settings.groups."),
  matrix: notYet("Older spelling of routing.router.settings.matrix."),
  profiles: notYet("Sets of names that can be switched at runtime."),
  selectors: notYet("Names that choose among models."),
  peers: notYet("Other gateways whose models can be asked for here."),
  hooks: notYet("What happens at start, such as preloading."),
  store: notYet("Where activity is kept."),
  performance: notYet("Sampling of the machine."),
  upstream: notYet("Rules for direct access to a backend."),
  ui: notYet("Settings of the web page."),
  sendLoadingState: notYet("Whether waiting streams are told how loading goes."),
  captureBuffer: notYet("MiB kept of request and response bodies."),
  metricsMaxInMemory: notYet("How many records of activity are kept in memory."),
  logToStdout: notYet("Which logs go to standard output."),
  logTimeFormat: notYet("How log lines show the time."),
  logRequests: notYet("Has no effect in llama-swap either."),
};

/** The keys of a config besides `models`, whose ids may be any text. */
export const topSchema = z.object(topFields, "must be a mapping");

/** A whole config: what the JSON Schema and the documentation describe. */
export const configSchema = z.object({
  ...topFields,
  models: about(z.record(z.string(), modelSchema).default({}), "The models by id."),
});

/** The parsed keys besides `models`. */
export type TopSettings = z.output<typeof topSchema>;
/** The parsed keys of one model. */
export type ModelSettings = z.output<typeof modelSchema>;
/** What a model can do; all of it optional. */
export type Capabilities = z.output<typeof capabilities>;
/** What a worker may do: a permission is granted as a whole (`true`) or for the things listed. */
export type WorkerPermissions = z.output<typeof permissions>;
