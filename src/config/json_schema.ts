/**
 * The schema for editors, made from the one schema.
 *
 * @module
 */

import { z } from "zod";
import { configSchema } from "./schema.ts";

const MACRO = String.raw`\$\{.+\}`;
const BOOLEAN_WORDS = "^([Yy](es)?|YES|[Oo]n|ON|[Tt]rue|TRUE|[Nn]o?|NO|[Oo]ff|OFF|[Ff]alse|FALSE)$";

type Writable = Record<string, unknown>;

/** Makes the JSON Schema of a config, as an object that can be written as JSON; `blanks`: says that a key may be left blank. */
export function configJsonSchema({ blanks = true } = {}): Readonly<Record<string, unknown>> {
  const schema = z.toJSONSchema(configSchema, {
    io: "input",
    unrepresentable: "any",
    override: ({ zodSchema, jsonSchema }) => {
      // Zod leaves defaults out where the value is converted; they are written as they stand all the same.
      if (zodSchema instanceof z.ZodDefault) {
        jsonSchema.default = JSON.parse(JSON.stringify(zodSchema.def.defaultValue));
      }
      acceptMacros(jsonSchema);
    },
  });
  if (blanks) acceptBlanks(schema);
  const { $schema, ...rest } = schema;
  return { $schema, title: "Berth configuration", ...rest };
}

/** A key with nothing behind it has its default, unless it must be there. */
function acceptBlanks(node: unknown): void {
  if (!isWritable(node)) return Array.isArray(node) ? node.forEach(acceptBlanks) : undefined;
  const required = Array.isArray(node.required) ? node.required : [];
  for (const [key, field] of Object.entries(isWritable(node.properties) ? node.properties : {})) {
    if (!isWritable(field) || required.includes(key)) continue;
    if (typeof field.type === "string") field.type = [field.type, "null"];
    else if (Array.isArray(field.anyOf)) field.anyOf = [...field.anyOf, { type: "null" }];
  }
  for (const inner of Object.values(node)) acceptBlanks(inner);
}

function isWritable(node: unknown): node is Writable {
  return typeof node === "object" && node !== null && !Array.isArray(node);
}

/** A macro may stand where a number, a boolean or one of some words is expected. */
function acceptMacros(node: Writable): void {
  if (node.type === "integer" || node.type === "number") {
    const strict: Writable = { type: node.type };
    for (const bound of ["minimum", "maximum"]) {
      // Zod writes the bounds of exact numbers, which say nothing.
      if (typeof node[bound] === "number" && Math.abs(node[bound]) !== Number.MAX_SAFE_INTEGER) {
        strict[bound] = node[bound];
      }
      delete node[bound];
    }
    delete node.type;
    node.anyOf = [strict, { type: "string", pattern: MACRO }];
  } else if (node.type === "boolean") {
    delete node.type;
    node.anyOf = [{ type: "boolean" }, { type: "string", pattern: `${BOOLEAN_WORDS}|${MACRO}` }];
  } else if (Array.isArray(node.enum)) {
    const strict = { type: node.type, enum: node.enum };
    delete node.type;
    delete node.enum;
    node.anyOf = [strict, { type: "string", pattern: MACRO }];
  }
}
