/**
 * The effective configuration: what the rest of the program reads, with every default filled in and nothing to interpret.
 *
 * @module
 */

import type { Group } from "../eviction/groups.ts";
import type { EvictionPolicy } from "../eviction/policy.ts";
import type { IpRange } from "../ip_address.ts";
import type { LogLevel } from "../log.ts";
import type { Pattern } from "./patterns.ts";
import type { Capabilities, WorkerPermissions } from "./schema/model.ts";

export type { Capabilities, WorkerPermissions };

/** Limits towards a backend, in seconds; 0 is no limit, except where another meaning is given. */
export interface ModelTimeouts {
  /** To open a connection. */
  readonly connect: number;
  /** From the request to the response's headers. */
  readonly responseHeader: number;
  /** For a TLS handshake. */
  readonly tlsHandshake: number;
  /** To wait for a 100-continue. */
  readonly expectContinue: number;
  /** Whether idle connections are probed by the system: not when 0. */
  readonly keepalive: number;
  /** That an unused connection stays open. */
  readonly idleConn: number;
}

/** What one client may take up. */
export interface Limits {
  /** Largest request body. */
  readonly requestBodyBytes: number;
  /** Most bytes of all request bodies that are held at one time; at least the largest one. */
  readonly bodyMemoryBytes: number;
  /** How long a request's body may take to come; `null` = no limit. */
  readonly bodyTimeoutMs: number | null;
  /** How much of an answer is kept for a client that reads slower than the backend writes. */
  readonly responseBufferBytes: number;
  /** How long a full buffer may take to become half empty; `null` = no limit. */
  readonly stalledWriteMs: number | null;
  /** Most open requests of one key; 0 = no limit. */
  readonly openRequestsPerKey: number;
}

/** What a key can be good for: asking models, listing them, reading logs and events, steering, the config. */
export type Scope = "inference" | "models" | "logs" | "operate" | "config";

/** A key that a client proves itself with. */
export interface ApiKey {
  /** Its text, never shown. */
  readonly key: string;
  /** A name that may be shown. */
  readonly name: string | null;
  /** What it is good for. */
  readonly scopes: ReadonlySet<Scope>;
  /** Real ids of the models that it may use, `peer/model` for those of peers; `null` = all. */
  readonly models: ReadonlySet<string> | null;
  /** Most open requests; 0 = no limit, `null` = {@link Limits.openRequestsPerKey}. */
  readonly maxOpen: number | null;
}

/** A worker backend: a module under `deno serve`. */
export interface WorkerModule {
  /** Path (relative to the config's folder), URL, or `berth:tiny`. */
  readonly module: string;
  /** `Deno.args` of the worker. */
  readonly args: readonly string[];
}

/** One model. */
export interface ModelConfig {
  /** Its key under `models`. */
  readonly id: string;
  /** What serves it. */
  readonly kind: "cmd" | "worker";
  /** The words of `cmd`, the program first; empty for a worker. */
  readonly command: readonly string[];
  /** The worker; `null` for a `cmd`. */
  readonly worker: WorkerModule | null;
  /** What the worker may do; `null` when nothing is listed. */
  readonly permissions: WorkerPermissions | null;
  /** The text of `cmd` or `worker` after macros. */
  readonly cmd: string;
  /** The stop command, in which `${PID}` is still to be replaced; `null` = SIGTERM. */
  readonly cmdStop: string | null;
  /** Base URL of the backend. */
  readonly proxy: string;
  /** What `${PORT}` became; `null` when the model uses none. */
  readonly port: number | null;
  /**
   * What its process is made of, before the port is known: two configs with the same key may share a running process.
   */
  readonly processKey: string;
  /** Path of the readiness probe; `null` = ready once spawned. */
  readonly checkEndpoint: string | null;
  /** `NAME=value` entries on top of the inherited environment; later ones win. */
  readonly env: readonly string[];
  /** Other names: `aliases`, then the names under `filters.setParamsByID`. */
  readonly aliases: readonly string[];
  /** Idle seconds until it is stopped; `null` = never. */
  readonly ttlS: number | null;
  /** Seconds between the request to stop and the kill. */
  readonly unloadTimeoutS: number;
  /** Seconds it may take to become ready. */
  readonly startTimeoutS: number;
  /** Most requests waiting or served; `null` = no limit of its own. */
  readonly concurrencyLimit: number | null;
  /** The name that the backend is sent; empty = the one asked for. */
  readonly useModelName: string;
  /** A name for people; may be empty. */
  readonly name: string;
  /** A sentence for people; may be empty. */
  readonly description: string;
  /** Anything, for listings; without a prototype. */
  readonly metadata: Readonly<Record<string, unknown>>;
  /** What it can do; `null` when nothing is said. */
  readonly capabilities: Capabilities | null;
  /** Whether listings leave it out. */
  readonly unlisted: boolean;
  /** Limits towards the backend. */
  readonly timeouts: ModelTimeouts;
  /** Changes to JSON request bodies. */
  readonly filters: Filters;
  /** Whether a chat stream that waits shows as text how loading goes. */
  readonly sendLoadingState: boolean;
  /** How often a stream that waits is kept alive, in milliseconds; `null` = never. */
  readonly queueKeepAliveMs: number | null;
  /** Whether websockets neither start the model nor hold it. */
  readonly ignoreWebsockets: boolean;
}

/** Changes to a JSON request body, in this order (spec §2.11); `model` is never among the names. */
export interface Filters {
  /** Names that are removed; ascending. */
  readonly strip: readonly string[];
  /** Values that are set, by name; ascending. */
  readonly set: ReadonlyMap<string, unknown>;
  /** Values that are set when the model was asked for by this name, by name; they may override {@link set}. */
  readonly setByName: ReadonlyMap<string, ReadonlyMap<string, unknown>>;
}

/** A set of names that an operator can put in force (spec §2.12). */
export interface ProfileConfig {
  /** Its key under `profiles`. */
  readonly name: string;
  /** A sentence for people; may be empty. */
  readonly description: string;
  /** What each requested name stands for; empty = the name is switched off. */
  readonly pins: ReadonlyMap<string, string>;
}

/** A name that chooses among models (spec §2.13). */
export interface SelectorConfig {
  /** Its key under `selectors`. */
  readonly id: string;
  /** How it chooses. */
  readonly strategy: "pin" | "warm" | "spillover";
  /** What it chooses among, in order: names of models, aliases or models of peers. */
  readonly targets: readonly string[];
  /** Requests on each active target before the next one is used; for `spillover`. */
  readonly spillover: number;
  /** A name for people; may be empty. */
  readonly name: string;
  /** A sentence for people; may be empty. */
  readonly description: string;
  /** Whether listings leave it out. */
  readonly unlisted: boolean;
  /** Anything, for listings; without a prototype. */
  readonly metadata: Readonly<Record<string, unknown>>;
}

/** Another gateway whose models can be asked for here (spec §2.14). */
export interface PeerConfig {
  /** Its key under `peers`. */
  readonly id: string;
  /** Its base URL. */
  readonly proxy: string;
  /** The key that it is sent; `null` = none. */
  readonly apiKey: string | null;
  /** Its models, each once. */
  readonly models: readonly string[];
  /** Changes to JSON request bodies. */
  readonly filters: Filters;
  /** Limits towards it. */
  readonly timeouts: ModelTimeouts;
}

/** A model of a peer. */
export interface PeerModel {
  /** The peer. */
  readonly peer: string;
  /** What the peer calls the model. */
  readonly model: string;
}

/** What some paths look like. */
export interface PathPattern {
  /** The expression as its author wrote it. */
  readonly written: string;
  /** The same, compiled. */
  readonly expression: Pattern;
}

/** The `serial` scheduler: strict arrival order, one model in memory. */
export interface SerialSchedulerSettings {
  /** Which one. */
  readonly use: "serial";
  /** How many neighbouring requests for the resident model may overlap. */
  readonly parallel: number;
  /** Most waiting requests. */
  readonly maxQueue: number;
  /** Longest wait in milliseconds; `null` = no limit. */
  readonly maxWaitMs: number | null;
}

/** The `fifo` scheduler: what llama-swap does, with the router's rules about which models go together. */
export interface FifoSchedulerSettings {
  /** Which one. */
  readonly use: "fifo";
  /** Which running models must go before another starts. */
  readonly policy: EvictionPolicy;
  /** Priorities by real model id, the higher first; unlisted models have 0. */
  readonly priorities: ReadonlyMap<string, number>;
  /** How long the oldest request may have waited before others stop passing it, in milliseconds; `null` = never. */
  readonly maxAgeMs: number | null;
  /** Longest wait in milliseconds; `null` = no limit. */
  readonly maxWaitMs: number | null;
}

/** How the scheduler is set. */
export type SchedulerSettings = SerialSchedulerSettings | FifoSchedulerSettings;

/** Which models may be in memory together under `fifo`, as it is configured; the policy of `fifo` acts on it. */
export type RouterConfig =
  | {
    /** Groups decide. */
    readonly kind: "groups";
    /** Every model is in exactly one. */
    readonly groups: readonly Group[];
  }
  | {
    /** A matrix decides. */
    readonly kind: "matrix";
    /** Model ids by short name. */
    readonly vars: ReadonlyMap<string, string>;
    /** What stopping a model costs, by model id; 1 for those that are not listed. */
    readonly costs: ReadonlyMap<string, number>;
    /** Expressions by name of set. */
    readonly sets: ReadonlyMap<string, string>;
  };

/** Proxies that are believed. */
export interface TrustedProxies {
  /** Whoever connects is. */
  readonly all: boolean;
  /** Whoever connects to the gateway's unix socket is. */
  readonly unix: boolean;
  /** Whoever connects from these addresses is. */
  readonly ranges: readonly IpRange[];
}

/** The whole configuration. */
export interface Config {
  /** Models by id, in ascending order of id. */
  readonly models: ReadonlyMap<string, ModelConfig>;
  /** Model ids by alias. */
  readonly aliases: ReadonlyMap<string, string>;
  /** Seconds that a backend may take to become ready, at least 15. */
  readonly healthCheckTimeoutS: number;
  /** Models that are loaded at start and after a reload, one after the other; real ids. */
  readonly preload: readonly string[];
  /** Profiles by name. */
  readonly profiles: ReadonlyMap<string, ProfileConfig>;
  /** Selectors by id. */
  readonly selectors: ReadonlyMap<string, SelectorConfig>;
  /** Peers by id. */
  readonly peers: ReadonlyMap<string, PeerConfig>;
  /**
   * Models of peers by every name that leads to one: `peer/model`, and bare names that only one peer offers. A model here
   * or a selector with such a bare name wins over it.
   */
  readonly peerModels: ReadonlyMap<string, PeerModel>;
  /** Layout of the time in the gateway's own lines, a lower-case name of spec §2.7; `null` = no time. */
  readonly logTimeFormat: string | null;
  /** What goes to standard output besides the histories. */
  readonly logToStdout: "proxy" | "upstream" | "both" | "none";
  /** What paths below `/upstream/MODEL/` look like that never load a model; found anywhere in the path. */
  readonly ignorePaths: readonly PathPattern[];
  /** Headers that name a session of activity. */
  readonly sessionHeaders: readonly string[];
  /** MiB kept of request and response bodies; 0 = none. */
  readonly captureBufferMib: number;
  /** Records of activity kept in memory. */
  readonly metricsMaxInMemory: number;
  /** Sampling of the machine: milliseconds between samples; `null` = off. */
  readonly performanceEveryMs: number | null;
  /** File of the activity store; `null` = in memory. */
  readonly storePath: string | null;
  /** Least level of the gateway's own lines. */
  readonly logLevel: LogLevel;
  /** First port given out. */
  readonly startPort: number;
  /** Whether listings show aliases. */
  readonly includeAliasesInList: boolean;
  /** Keys of which a client must send one, each once; empty = no check. */
  readonly apiKeys: readonly ApiKey[];
  /** Web pages of other sites. */
  readonly cors: {
    /** Origins in lower case, `*` and patterns among them; `null` = nothing is said, and what is sensible holds. */
    readonly origins: readonly string[] | null;
  };
  /** Names in lower case, and patterns of them, by which a gateway without keys may be asked for besides those of this machine. */
  readonly allowedHosts: readonly string[];
  /** What one client may take up. */
  readonly limits: Limits;
  /** Which proxies in front of the gateway are believed what they say of their clients. */
  readonly trustProxy: TrustedProxies;
  /** How long an open websocket keeps its lease without a message, in milliseconds; `null` = as long as it is open. */
  readonly websocketIdleLeaseMs: number | null;
  /** How requests are ordered. */
  readonly scheduler: SchedulerSettings;
  /** Which models go together, as it is configured; `serial` ignores it. */
  readonly router: RouterConfig;
}
