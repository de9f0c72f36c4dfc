/**
 * Writes `config.schema.json` and `docs/configuration.md` from the config schema, and `docs/api.md` from the tables of
 * routes: `deno run --allow-read --allow-write tools/generate_docs.ts`.
 *
 * @module
 */

import { configReference } from "../src/config/documentation.ts";
import { configJsonSchema } from "../src/config/json_schema.ts";
import { apiReference } from "../src/routes/api_reference.ts";

const root = new URL("../", import.meta.url);
await Deno.mkdir(new URL("docs/", root), { recursive: true });
await Deno.writeTextFile(new URL("config.schema.json", root), JSON.stringify(configJsonSchema(), null, 2) + "\n");
await Deno.writeTextFile(new URL("docs/configuration.md", root), configReference());
await Deno.writeTextFile(new URL("docs/api.md", root), apiReference());
