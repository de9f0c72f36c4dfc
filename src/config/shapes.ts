/**
 * What kind of node a schema expects, below its layers of defaults and conversions.
 *
 * @module
 */

import { z } from "zod";
import { NO_EFFECT } from "./fields.ts";

/** What a schema expects, as far as a walk over the tree must know. */
export type Shape =
  & {
    /** Nothing acts on the key so far, or ever will. */
    readonly noEffect: "yet" | "ever" | null;
    /** An empty entry (`key:`) says something else than leaving the key out: an empty list or mapping. */
    readonly keepsNull: boolean;
  }
  & (
    | { readonly kind: "block"; readonly keys: Readonly<Record<string, z.ZodType>>; readonly strict: boolean }
    | { readonly kind: "mapping"; readonly value: z.ZodType }
    | { readonly kind: "list"; readonly item: z.ZodType }
    | { readonly kind: "either"; readonly block: z.ZodType; readonly other: z.ZodType }
    | { readonly kind: "text" | "integer" | "other" }
  );

const known = new WeakMap<z.ZodType, Shape>();

/** Tells what a schema expects; asked again, the answer costs a look-up. */
export function shapeOf(schema: z.ZodType): Shape {
  let shape = known.get(schema);
  if (shape === undefined) known.set(schema, shape = readShape(schema));
  return shape;
}

function readShape(schema: z.ZodType): Shape {
  let nullable = false;
  let inner: unknown = schema;
  for (;;) {
    if (inner instanceof z.ZodOptional || inner instanceof z.ZodDefault || inner instanceof z.ZodPrefault) {
      inner = inner.def.innerType;
    } else if (inner instanceof z.ZodNullable) {
      nullable = true;
      inner = inner.def.innerType;
    } else if (inner instanceof z.ZodPipe) inner = inner.def.out;
    else break;
  }
  const mark = schema.meta()?.[NO_EFFECT];
  const noEffect: Shape["noEffect"] = mark === "yet" || mark === "ever" ? mark : null;
  const isCollection = inner instanceof z.ZodArray || inner instanceof z.ZodRecord;
  const common = { noEffect, keepsNull: nullable || (isCollection && !(schema instanceof z.ZodOptional)) };
  if (inner instanceof z.ZodObject) {
    return {
      ...common,
      kind: "block",
      keys: typesOf(inner.shape),
      strict: inner.def.catchall?._zod.def.type === "never",
    };
  }
  if (inner instanceof z.ZodRecord && inner.def.valueType instanceof z.ZodType) {
    return { ...common, kind: "mapping", value: inner.def.valueType };
  }
  if (inner instanceof z.ZodArray && inner.def.element instanceof z.ZodType) {
    return { ...common, kind: "list", item: inner.def.element };
  }
  if (inner instanceof z.ZodUnion) {
    const options = inner.options.filter((option) => option instanceof z.ZodType);
    const block = options.find((option) => shapeOf(option).kind === "block");
    const other = options.find((option) => option !== block);
    if (block !== undefined && other !== undefined) return { ...common, kind: "either", block, other };
  }
  // A plain text schema takes nothing but text; only one behind a conversion takes numbers, too.
  if (inner instanceof z.ZodString) return { ...common, kind: inner === schema ? "other" : "text" };
  return { ...common, kind: inner instanceof z.ZodNumber ? "integer" : "other" };
}

function typesOf(shape: Readonly<Record<string, unknown>>): Readonly<Record<string, z.ZodType>> {
  const keys: Record<string, z.ZodType> = Object.create(null);
  for (const [key, field] of Object.entries(shape)) if (field instanceof z.ZodType) keys[key] = field;
  return keys;
}
