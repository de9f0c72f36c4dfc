/**
 * The OpenAPI document as a test reads it: its operations, and its schemas as checks by another program (ajv).
 *
 * @module
 */

import { assertExists } from "@std/assert";
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import { openApiDocument } from "../../src/routes/openapi.ts";

/** A JSON Schema of the document. */
export type SchemaNode = Readonly<Record<string, unknown>>;

/** A parameter of an operation. */
export interface ParameterNode {
  readonly name: string;
  readonly in: "path" | "query";
  readonly required: boolean;
  readonly schema: SchemaNode;
}

type Content = Readonly<Record<string, { readonly schema: SchemaNode }>>;

/** An operation as the document has it. */
export interface OperationNode {
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly parameters?: readonly ParameterNode[];
  readonly requestBody?: { readonly required: boolean; readonly content: Content };
  readonly responses: Readonly<Record<string, { readonly description: string; readonly content?: Content }>>;
  readonly security?: readonly unknown[];
  readonly "x-scope"?: string;
}

/** An operation with its place. */
export interface DocumentedOperation {
  /** In capitals. */
  readonly method: string;
  /** With its parameters in braces. */
  readonly path: string;
  readonly node: OperationNode;
}

/** The document. */
export interface OpenApiDocument {
  readonly paths: Readonly<Record<string, Readonly<Record<string, OperationNode>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, SchemaNode>> };
}

/** The document that the gateway answers with. */
export const DOCUMENT = openApiDocument("test") as unknown as OpenApiDocument;

/** All its operations. */
export const DOCUMENTED: readonly DocumentedOperation[] = Object.entries(DOCUMENT.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, node]) => ({ method: method.toUpperCase(), path, node }))
);

/** What a check says: nothing, or what is wrong. */
export type Check = (value: unknown) => string;

const ajv = new Ajv2020({ strict: true, strictRequired: false, allowUnionTypes: true, allErrors: true });
ajv.addKeyword("components"); // where the document's `$ref`s lead
const checks = new Map<SchemaNode, ValidateFunction>();

/**
 * A check against a schema. `isExact`: a member that an object's schema does not name is wrong as well, so that the document
 * cannot keep quiet about one.
 */
export function checkOf(schema: SchemaNode, { isExact = false }: { readonly isExact?: boolean } = {}): Check {
  const found = checks.get(schema);
  const check = found ?? ajv.compile(withComponents(isExact ? closed(schema) : schema));
  if (!isExact) checks.set(schema, check);
  return (value) => check(value) ? "" : ajv.errorsText(check.errors, { separator: "; " });
}

/** The check of one of the document's shapes of errors. */
export function errorCheck(name: "Error" | "AnthropicError"): Check {
  const schema = DOCUMENT.components.schemas[name];
  assertExists(schema);
  return checkOf(schema);
}

/** Whether the path of an operation fits: `{model}` and others that the document says may hold slashes fit anything. */
export function fitsPath(template: string, path: string): boolean {
  return patternOf(template).test(path);
}

const patterns = new Map<string, RegExp>();

function patternOf(template: string): RegExp {
  const known = patterns.get(template);
  if (known !== undefined) return known;
  const many = new Set(
    Object.values(DOCUMENT.paths[template] ?? {}).flatMap(({ parameters = [] }) => parameters)
      .filter((parameter) => "description" in parameter && parameter.in === "path").map(({ name }) => name),
  );
  const literal = (text: string) => text.replace(/[.*+?^$()|[\]\\]/g, "\\$&");
  const source = template.split(/(\{\w+\})/).map((part) => {
    const name = /^\{(\w+)\}$/.exec(part)?.[1];
    if (name === undefined) return literal(part);
    return many.has(name) ? ".*" : "[^/]+";
  }).join("");
  const pattern = new RegExp(`^${source}$`);
  patterns.set(template, pattern);
  return pattern;
}

/** The methods that the document has for a path, as `Allow` is to list them. */
export function documentedMethods(path: string): readonly string[] {
  const methods = DOCUMENTED.filter((operation) => fitsPath(operation.path, path)).map(({ method }) => method);
  return ["GET", "HEAD", "POST", "PUT", "DELETE"].filter((method) =>
    methods.includes(method === "HEAD" ? "GET" : method)
  );
}

function withComponents(schema: SchemaNode): SchemaNode {
  return { ...schema, components: DOCUMENT.components };
}

function closed(node: SchemaNode): SchemaNode {
  const inner = Object.fromEntries(
    Object.entries(node).map(([key, value]) => [key, key === "const" || key === "enum" ? value : closedValue(value)]),
  );
  const isObject = isNode(node["properties"]) && !("additionalProperties" in node);
  return isObject ? { ...inner, additionalProperties: false } : inner;
}

function closedValue(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(closedValue);
  return isNode(value) ? closed(value) : value;
}

function isNode(value: unknown): value is SchemaNode {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
