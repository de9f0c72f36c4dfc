/**
 * Kinds of fields in a config: what each accepts (spec §2.2), and the notes that the documentation reads.
 *
 * @module
 */

import { z } from "zod";
import { DURATION_FORMS, parseDuration } from "./durations.ts";
import { readInteger } from "./numbers.ts";
import { isTree } from "./tree.ts";

const TRUE = /^(y|yes|on|true)$/i;
const FALSE = /^(n|no|off|false)$/i;

/** The key under which a field's JSON Schema says that it has no effect, `yet` or `ever`. */
export const NO_EFFECT = "x-no-effect";

/** The key under which a field's JSON Schema holds the form that the documentation shows. */
export const FORM = "x-form";

/** A whole number; a fraction is cut as llama-swap does, and the loader warns. */
export function integer(): z.ZodPreprocess<z.ZodInt> {
  return z.preprocess(toInteger, z.int("must be a whole number"));
}

/** `@std/yaml` takes the octals of YAML 1.2 for text. */
function toInteger(value: unknown): unknown {
  if (typeof value === "string" && /^[-+]?0o[0-7]/.test(value)) return Number(readInteger(value) ?? NaN);
  return typeof value === "number" && Number.isFinite(value) ? Math.trunc(value) : value;
}

/** A whole number of at least `minimum`, or `message`; at most `above.maximum`, or `above.message`. */
export function integerFrom(
  minimum: number,
  message: string,
  above: { readonly maximum: number; readonly message: string } = {
    maximum: Number.MAX_SAFE_INTEGER,
    message: "must be smaller",
  },
): z.ZodPreprocess<z.ZodInt> {
  return z.preprocess(
    toInteger,
    z.int("must be a whole number").min(minimum, message).max(above.maximum, above.message),
  );
}

/** `true` or `false`, also as yes, no, on, off, quoted or not. */
export function bool(): z.ZodPreprocess<z.ZodBoolean> {
  return z.preprocess(
    (value) => typeof value !== "string" ? value : TRUE.test(value) ? true : FALSE.test(value) ? false : value,
    z.boolean("must be true or false"),
  );
}

/** Text; an unquoted number or boolean is taken as text, and the loader warns. */
export function text(): z.ZodPreprocess<z.ZodString> {
  return z.preprocess(toText, z.string("must be text"));
}

function toText(value: unknown): unknown {
  return typeof value === "number" || typeof value === "boolean" ? String(value) : value;
}

/** A list; an empty entry (`key:` with nothing) is an empty list. */
export function listOf<Item extends z.ZodType>(item: Item): z.ZodPreprocess<z.ZodArray<Item>> {
  return z.preprocess((value) => value === null ? [] : value, z.array(item, "must be a list"));
}

/** A length of time, see {@link parseDuration}; `bound` is the least one, which is told when it is negative. */
export function duration(bound?: string): z.ZodUnion<readonly [z.ZodNumber, z.ZodString]> {
  return z.union([z.number(), z.string()]).refine(
    (value) => parseDuration(value) !== null,
    {
      error: ({ input }) => `must be ${DURATION_FORMS}${bound !== undefined && isNegative(input) ? `; ${bound}` : ""}`,
    },
  );
}

function isNegative(value: unknown): boolean {
  return /^\s*-\s*[\d.]/.test(String(value));
}

/** A block of known keys. */
export function block<Shape extends z.ZodRawShape>(shape: Shape): z.ZodObject<Shape> {
  return z.object(shape, "must be a mapping");
}

/** A mapping from names that the config's author chooses. */
export function mappingOf<Value extends z.ZodType>(
  value: Value,
): z.ZodPreprocess<z.ZodRecord<z.ZodString, Value>> {
  return z.preprocess((node) => node === null ? {} : node, z.record(z.string(), value, "must be a mapping"));
}

/** A mapping with any content. */
export function anyMapping(): z.ZodUnknown {
  return z.unknown().refine((value) => value === undefined || value === null || isTree(value), "must be a mapping")
    .meta({ type: "object" });
}

/** A key that a client or peer proves itself with, never shown; `empty` says what is wrong with none, where one is needed. */
export function secret(what: string, empty?: string): z.ZodPreprocess<z.ZodString> {
  const key = z.string("must be text").refine((key) => !key.includes(" "), `${what} cannot contain spaces`);
  return z.preprocess(toText, empty === undefined ? key : key.min(1, empty));
}

/** Gives a field its meaning, and how the documentation writes its form. */
export function about<Field extends z.ZodType>(field: Field, description: string, form?: string): Field {
  return field.meta({ ...field.meta(), description, ...(form === undefined ? {} : { [FORM]: form }) });
}

/** Marks a key that is read and checked while nothing acts on it so far: the loader and the documentation say so. */
export function noEffectYet<Field extends z.ZodType>(field: Field): Field {
  return field.meta({ ...field.meta(), [NO_EFFECT]: "yet" });
}

/** Marks a key that is read and checked because configs have it, and that nothing will ever act on. */
export function noEffectEver<Field extends z.ZodType>(field: Field): Field {
  return field.meta({ ...field.meta(), [NO_EFFECT]: "ever" });
}
