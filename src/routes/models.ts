/**
 * Which names may be asked for, and which profile is in force.
 *
 * @module
 */

import type { Backends } from "../backend/backends.ts";
import { GatewayError } from "../errors.ts";
import { findRecord, leadsAstray, listRecords, type RecordFacts } from "../routing/listing.ts";
import type { Names } from "../routing/names.ts";
import type { RequestContext } from "../serving/request_context.ts";
import type { ConfigFiles } from "./config.ts";
import type { Router } from "./router.ts";

/** What the routes of names need. */
export interface ModelsEnv {
  /** What names mean. */
  readonly names: Pick<Names, "activeProfile" | "activate">;
  /** The processes. */
  readonly backends: Pick<Backends, "phaseOf">;
  /** Says since when the config is in force. */
  readonly configFiles: Pick<ConfigFiles, "origin">;
}

/** Far more than a profile's name needs. */
const MAX_BODY_BYTES = 64 * 1024;

/** Adds the routes of names to `app`. */
export function addModelRoutes(app: Router, env: ModelsEnv): void {
  const { names } = env;
  for (const path of ["/v1/models", "/models"]) {
    app.get(path, (c) => {
      return c.json({ data: listRecords(c.env.config, factsFor(env, c.env)), object: "list" });
    });
    app.get(`${path}/:id{[\\s\\S]+}`, (c) => {
      return c.json(findRecord(c.env.config, c.req.param("id"), factsFor(env, c.env)));
    });
  }

  app.get("/api/profiles", (c) => c.json({ active: names.activeProfile, profiles: listProfiles(c.env) }));
  app.put("/api/profiles/active", async (c) => {
    names.activate(c.env.config, profileAskedFor(await readText(c.req.raw)));
    return c.json({ active: names.activeProfile });
  });
}

function factsFor({ names, backends, configFiles }: ModelsEnv, { client }: RequestContext): RecordFacts {
  return {
    phaseOf: (model) => backends.phaseOf(model),
    createdS: Math.floor(Date.parse(configFiles.origin().loadedAt) / 1000),
    activeProfile: names.activeProfile,
    mayUse: client.mayUse,
  };
}

/** Pins of models that whoever asks may not use are left out; a name that is switched off goes by its own model. */
function listProfiles({ config, client }: RequestContext): readonly Record<string, unknown>[] {
  const isShown = ([pin, target]: readonly [string, string]) =>
    !leadsAstray(config, target === "" ? pin : target, client.mayUse);
  return [...config.profiles.values()].sort((a, b) => (a.name < b.name ? -1 : 1)).map((profile) => ({
    id: profile.name,
    description: profile.description,
    pins: Object.fromEntries([...profile.pins].filter(isShown).sort(([a], [b]) => (a < b ? -1 : 1))),
  }));
}

/** The profile that a body asks for; `null` for none. */
function profileAskedFor(body: string): string | null {
  const asked = parseObject(body);
  if (asked === null) throw new GatewayError("bad_request", "invalid profile request: the body is not a JSON object");
  if (!Object.hasOwn(asked, "name")) {
    throw new GatewayError("bad_request", "profile name is required", { param: "name" });
  }
  const { name } = asked;
  if (name === null || name === "") return null;
  if (typeof name === "string") return name;
  throw new GatewayError("bad_request", "profile name must be a string or null", { param: "name" });
}

function parseObject(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : null;
  } catch {
    return null;
  }
}

/** Reads a short body as text; throws `body_too_large` before more is kept. */
async function readText(request: Request): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  let length = 0;
  try {
    for await (const piece of request.body ?? []) {
      length += piece.length;
      if (length > MAX_BODY_BYTES) {
        throw new GatewayError("body_too_large", `The body is larger than ${MAX_BODY_BYTES} bytes`);
      }
      text += decoder.decode(piece, { stream: true });
    }
  } catch (cause) {
    if (cause instanceof GatewayError) throw cause;
    throw new GatewayError("client_closed", "The client left before its request was whole", { cause });
  }
  return text + decoder.decode();
}
