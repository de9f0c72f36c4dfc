/**
 * The schema for editors and the reference for people, both made from the one schema.
 *
 * @module
 */

import { z } from "zod";
import { FORM, NOT_YET } from "./fields.ts";
import { configSchema } from "./schema.ts";

interface Described {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, Described>>;
  readonly additionalProperties?: Described | boolean;
  readonly anyOf?: readonly Described[];
  readonly items?: Described;
  readonly [key: string]: unknown;
}

const MACRO = String.raw`\$\{.+\}`;

/** Makes the JSON Schema of a config, as an object that can be written as JSON. */
export function configJsonSchema(): Readonly<Record<string, unknown>> {
  const schema = z.toJSONSchema(configSchema, {
    io: "input",
    unrepresentable: "any",
    override: ({ zodSchema, jsonSchema }) => {
      // Zod leaves defaults out where the value is converted; they are written as they stand all the same.
      if (zodSchema instanceof z.ZodDefault) {
        jsonSchema.default = JSON.parse(JSON.stringify(zodSchema.def.defaultValue));
      }
      // A macro may stand where a number or a boolean is expected.
      if (jsonSchema.type === "integer" || jsonSchema.type === "number") {
        const { minimum, maximum, type, ...rest } = jsonSchema;
        const bounded = minimum === undefined || minimum === Number.MIN_SAFE_INTEGER ? { type } : { type, minimum };
        delete jsonSchema.type;
        delete jsonSchema.minimum;
        delete jsonSchema.maximum;
        void maximum;
        Object.assign(jsonSchema, rest, { anyOf: [bounded, { type: "string", pattern: MACRO }] });
      } else if (jsonSchema.type === "boolean") {
        delete jsonSchema.type;
        const words = "^([Yy](es)?|YES|[Oo]n|ON|[Tt]rue|TRUE|[Nn]o?|NO|[Oo]ff|OFF|[Ff]alse|FALSE)$";
        Object.assign(jsonSchema, { anyOf: [{ type: "boolean" }, { type: "string", pattern: `${words}|${MACRO}` }] });
      }
    },
  });
  const { $schema, ...rest } = schema;
  return { $schema, title: "Berth configuration", ...rest };
}

/** Makes the text of `docs/configuration.md`. */
export function configReference(): string {
  const root: Described = JSON.parse(JSON.stringify(configJsonSchema()));
  const { models, ...others } = root.properties ?? {};
  const model = typeof models?.additionalProperties === "object" ? models.additionalProperties : {};
  return [
    "<!-- deno-fmt-ignore-file -->",
    "<!-- Generated from src/config/schema.ts by tools/generate_docs.ts. Change the schema, not this page. -->",
    "",
    "# Configuration",
    "",
    "A config is a llama-swap `config.yaml`. Keys marked *not yet* are read, with a warning, but have no effect; a key that is",
    "not listed here is ignored with a warning. Text may use `${name}` macros, `${env.NAME}`, and, below a model, `${MODEL_ID}`",
    "and `${PORT}`; `${PID}` works in `cmdStop` alone. Booleans may be written `yes`, `no`, `on`, `off`.",
    "",
    "An editor that knows YAML schemas checks and completes a config that begins with this line:",
    "",
    "```yaml",
    "# yaml-language-server: $schema=./config.schema.json",
    "```",
    "",
    "## Top level",
    "",
    ...table(others, ""),
    "",
    "## `models.<id>`",
    "",
    "A model needs exactly one of `cmd` and `worker`.",
    "",
    ...table(model.properties ?? {}, ""),
    "",
  ].join("\n");
}

function table(properties: Readonly<Record<string, Described>>, prefix: string): readonly string[] {
  const head = prefix === "" ? ["| Key | Form | Default | Meaning |", "| --- | --- | --- | --- |"] : [];
  const rows = Object.entries(properties).flatMap(([key, field]) => [
    `| \`${prefix}${key}\` | ${formOf(field)} | ${defaultOf(field)} | ${meaningOf(field)} |`,
    ...(field.properties === undefined ? [] : table(field.properties, `${prefix}${key}.`)),
  ]);
  return [...head, ...rows];
}

function formOf(field: Described): string {
  const form = field[FORM];
  if (typeof form === "string") return form;
  if (field[NOT_YET] === true) return "any";
  const types = (field.anyOf ?? []).map((option) => formOf(option));
  if (types.includes("integer")) return "whole number";
  if (types.includes("list")) return "yes/no or list of text";
  if (types.includes("boolean")) return "yes/no";
  if (field.type === "string") return "text";
  if (field.type === "array") return "list";
  return field.type === "object" ? "mapping" : field.type ?? "any";
}

function defaultOf(field: Described): string {
  const value = field.default;
  if (value === undefined || (typeof value === "object" && value !== null && !Array.isArray(value))) return "";
  return `\`${JSON.stringify(value)}\``;
}

function meaningOf(field: Described): string {
  const text = (field.description ?? "").replaceAll("|", "\\|");
  return field[NOT_YET] === true ? `*Not yet.* ${text}` : text;
}
