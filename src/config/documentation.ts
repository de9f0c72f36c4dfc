/**
 * The reference for people, made from the schema for editors: keys by section, each with form, default and meaning.
 *
 * @module
 */

import { FORM, NO_EFFECT } from "./fields.ts";
import { configJsonSchema } from "./json_schema.ts";
import { MODEL_SECTIONS, type Section, TOP_SECTIONS } from "./sections.ts";

interface Described {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly default?: unknown;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Described>>;
  readonly additionalProperties?: Described | boolean;
  readonly anyOf?: readonly Described[];
  readonly items?: Described;
  readonly [key: string]: unknown;
}

/** Keys whose inner keys are told where their newer spelling is. */
const LEGACY: ReadonlySet<string> = new Set(["groups", "matrix"]);

type Properties = Readonly<Record<string, Described>>;

const INTRODUCTION = `\
# Configuration

A config is a llama-swap \`config.yaml\`. Keys marked *no effect yet* are read and checked, and a warning says that nothing acts on
them so far; a key that is not listed here is ignored with a warning. Text may use \`\${name}\` macros, \`\${env.NAME}\`, and, below a
model, \`\${MODEL_ID}\` and \`\${PORT}\`; \`\${PID}\` works in \`cmdStop\` alone. \`$\${name}\`
is the text \`\${name}\` itself, where no macro has that name. Booleans may be written \`yes\`, \`no\`, \`on\`, \`off\`; a
duration is a text such as \`90s\`, \`1m30s\` or \`500ms\`, or a number of seconds. A key with nothing behind it has its default.

An editor that knows YAML schemas checks and completes a config that begins with this line:

\`\`\`yaml
# yaml-language-server: $schema=./config.schema.json
\`\`\`
`;

/** Makes the text of `docs/configuration.md`; throws for a key that no section lists. */
export function configReference(): string {
  const root: Described = JSON.parse(JSON.stringify(configJsonSchema({ blanks: false })));
  const { models, ...top } = root.properties ?? {};
  const model = typeof models?.additionalProperties === "object" ? models.additionalProperties : {};
  return [
    "<!-- deno-fmt-ignore-file -->",
    "<!-- Generated from src/config/schema.ts by tools/generate_docs.ts. Change the schema, not this page. -->",
    "",
    INTRODUCTION,
    "# Models",
    "",
    "`models` maps the id of each model to its keys. The id is what a client asks for, and may be any text.",
    "",
    ...MODEL_SECTIONS.flatMap((section) => writeSection(section, model.properties ?? {})),
    "# Top-level keys",
    "",
    ...TOP_SECTIONS.flatMap((section) => writeSection(section, top)),
    ...missing(MODEL_SECTIONS, model.properties ?? {}),
    ...missing(TOP_SECTIONS, top),
  ].join("\n");
}

function missing(sections: readonly Section[], properties: Properties): readonly string[] {
  const listed = new Set(sections.flatMap(({ keys }) => keys));
  const lost = Object.keys(properties).filter((key) => !listed.has(key));
  if (lost.length > 0) throw new RangeError(`no section of the reference lists ${lost.join(", ")}`);
  return [];
}

function writeSection({ title, text, example, keys }: Section, properties: Properties): readonly string[] {
  const chosen = keys.flatMap((key): readonly (readonly [string, Described])[] => {
    const field = properties[key];
    if (field === undefined) throw new RangeError(`the reference lists ${key}, which is no key`);
    return [[key, field]];
  });
  return [
    `## ${title}`,
    "",
    ...(text === undefined ? [] : [text, ""]),
    ...(example === undefined ? [] : ["```yaml", example.trim(), "```", ""]),
    "| Key | Form | Default | Meaning |",
    "| --- | --- | --- | --- |",
    ...chosen.flatMap(([key, field]) => LEGACY.has(key) ? [row(key, field, false)] : rows(key, field, false)),
    "",
  ];
}

function row(key: string, field: Described, required: boolean): string {
  return `| \`${key}\` | ${formOf(field)} | ${required ? "required" : defaultOf(field)} | ${meaningOf(field)} |`;
}

function rows(key: string, field: Described, required: boolean): readonly string[] {
  const value = typeof field.additionalProperties === "object" ? field.additionalProperties : undefined;
  return [
    row(key, field, required),
    ...inner(field, `${key}.`),
    ...(value === undefined ? [] : inner(value, `${key}.<name>.`)),
    ...(field.items?.anyOf ?? []).flatMap((form) => inner(form, `${key}[].`)),
  ];
}

function inner({ properties = {}, required = [] }: Described, prefix: string): readonly string[] {
  return Object.entries(properties).flatMap(([key, field]) => rows(prefix + key, field, required.includes(key)));
}

function formOf(field: Described): string {
  const form = field[FORM];
  if (typeof form === "string") return form.replaceAll("|", "\\|");
  const types = (field.anyOf ?? []).map((option) => formOf(option));
  if (types.includes("integer")) return "whole number";
  if (types.includes("list")) return "yes/no or list of text";
  if (types.includes("boolean")) return "yes/no";
  if (field.type === "string") return "text";
  if (field.type === "array") return "list";
  return field.type === "object" ? "mapping" : typeof field.type === "string" ? field.type : "any";
}

function defaultOf(field: Described): string {
  const value = field.default;
  if (value === undefined || value === "" || (typeof value === "object" && value !== null && !Array.isArray(value))) {
    return "";
  }
  return Array.isArray(value) && value.length === 0 ? "none" : `\`${JSON.stringify(value)}\``;
}

function meaningOf(field: Described): string {
  const text = (field.description ?? "").replaceAll("|", "\\|");
  if (field[NO_EFFECT] === undefined) return text;
  return `*No effect${field[NO_EFFECT] === "yet" ? " yet" : ""}.* ${text}`;
}
