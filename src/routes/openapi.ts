/**
 * The OpenAPI 3.1 document, made of the tables of routes.
 *
 * @module
 */

import { ERROR_CODES } from "../errors.ts";
import { QUERY_KEY } from "../gateway/auth.ts";
import type { JsonSchema } from "./answer_schemas.ts";
import { INFERENCE_ROUTES, type InferenceRoute } from "./inference_table.ts";
import { type Answer, type Operation, OPERATIONS, type QueryParameter } from "./operations.ts";
import { PASSED_METHODS, PASSED_ROUTES } from "./pass_through_table.ts";

/** A JSON object. */
type Node = Readonly<Record<string, unknown>>;

const ERRORS: Readonly<Record<string, Node>> = {
  "4XX": problem("The request cannot be served as it is"),
  "5XX": problem("The gateway or the backend cannot serve it now"),
};

const SECURITY: readonly Node[] = [{ bearer: [] }, { apiKey: [] }, { basic: [] }];

/** The document that `/openapi.json` answers with. */
export function openApiDocument(version: string): Node {
  const paths: Record<string, Record<string, Node>> = {};
  const add = (path: string, method: string, operation: Node) => {
    const plain = path.replaceAll("…}", "}");
    (paths[plain] ??= {})[method.toLowerCase()] = {
      operationId: idOf(method, plain),
      ...operation,
    };
  };
  for (const route of INFERENCE_ROUTES) add(route.path, route.method, inference(route));
  for (const { path, summary } of PASSED_ROUTES) {
    for (const method of PASSED_METHODS) add(path, method, passed(path, summary));
  }
  for (const operation of OPERATIONS) add(operation.path, operation.method, own(operation));
  return {
    openapi: "3.1.0",
    info: {
      title: "Berth",
      version,
      description: "A gateway for several local models on one accelerator: one in memory, the rest in line.",
      license: { name: "MIT", identifier: "MIT" },
    },
    servers: [{ url: "/" }],
    security: SECURITY,
    paths,
    components: {
      securitySchemes: {
        bearer: { type: "http", scheme: "bearer" },
        apiKey: { type: "apiKey", in: "header", name: "x-api-key" },
        basic: { type: "http", scheme: "basic", description: "The password is the key; the user means nothing" },
        queryKey: { type: "apiKey", in: "query", name: QUERY_KEY },
      },
      schemas: { Error: ERROR, AnthropicError: ANTHROPIC_ERROR },
    },
  };
}

const ERROR: JsonSchema = {
  type: "object",
  required: ["error"],
  properties: {
    src: { type: "string" },
    error: {
      type: "object",
      required: ["message", "type", "param", "code"],
      properties: {
        message: { type: "string" },
        type: {
          enum: ["invalid_request_error", "authentication_error", "rate_limit_error", "server_error"],
        },
        param: { type: ["string", "null"] },
        code: { type: "string" },
        reason: { enum: ERROR_CODES },
      },
    },
  },
};

const ANTHROPIC_ERROR: JsonSchema = {
  type: "object",
  required: ["type", "error"],
  properties: {
    type: { const: "error" },
    error: {
      type: "object",
      required: ["type", "message"],
      properties: { type: { type: "string" }, message: { type: "string" } },
    },
  },
};

const MODEL: JsonSchema = { type: "string", minLength: 1 };
const MODEL_BODY: JsonSchema = {
  type: "object",
  required: ["model"],
  properties: { model: MODEL },
  additionalProperties: true,
};
const UPLOAD_BODY: JsonSchema = { ...MODEL_BODY, properties: { model: MODEL, file: { type: "string" } } };

function inference({ path, modelIn, body, dialect, summary }: InferenceRoute): Node {
  const isRemembered = path.startsWith("/v1/responses/{id}");
  const parameters = [
    ...inPath(path),
    ...(modelIn === "query"
      ? [inQuery({ name: "model", schema: MODEL, about: "The model" }, !isRemembered)]
      : body === "json"
      ? [inQuery({ name: "model", schema: MODEL, about: "The model, where the body names none" }, false)]
      : []),
  ];
  const failure = dialect === "anthropic" ? "AnthropicError" : "Error";
  return {
    tags: ["models"],
    summary,
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === "none" ? {} : { requestBody: requestBody(modelIn, body) }),
    responses: { "200": { description: "The backend's answer" }, ...failures(failure) },
  };
}

function requestBody(modelIn: InferenceRoute["modelIn"], body: "json" | "form"): Node {
  if (body === "form") return { required: true, content: { "multipart/form-data": { schema: UPLOAD_BODY } } };
  const schema = modelIn === "body" ? MODEL_BODY : {};
  return { required: true, content: { "application/json": { schema } } };
}

function passed(path: string, summary: string): Node {
  return {
    tags: ["pass-through"],
    summary,
    parameters: inPath(path),
    responses: { "default": { description: "The backend's answer, or an error of the gateway" } },
  };
}

function own({ path, scope, summary, query = [], body, answer, refusal, takesQueryKey }: Operation): Node {
  const parameters = [...inPath(path), ...query.map((parameter) => inQuery(parameter, false))];
  const described = ({ type, about, schema = {} }: Answer) => ({ description: about, content: { [type]: { schema } } });
  return {
    tags: ["gateway"],
    summary,
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === undefined
      ? {}
      : { requestBody: { required: true, content: { "application/json": { schema: body } } } }),
    responses: {
      "200": described(answer),
      ...(refusal === undefined ? {} : { [refusal.status]: described(refusal) }),
      ...ERRORS,
    },
    ...(scope === null
      ? { security: [] }
      : takesQueryKey === true
      ? { security: [...SECURITY, { queryKey: [] }] }
      : {}),
    ...(scope === null || scope === "any" ? {} : { "x-scope": scope }),
  };
}

function failures(schema: string): Readonly<Record<string, Node>> {
  return Object.fromEntries(
    Object.entries(ERRORS).map(([status, { description }]) => [status, problem(String(description), schema)]),
  );
}

/** In three forms: who accepts text or HTML, as a browser does, gets that. */
function problem(description: string, schema = "Error"): Node {
  return {
    description,
    content: {
      "application/json": { schema: { $ref: `#/components/schemas/${schema}` } },
      "text/plain": { schema: { type: "string" } },
      "text/html": { schema: { type: "string" } },
    },
  };
}

function inPath(path: string): readonly Node[] {
  return [...path.matchAll(/\{(\w+)(…)?\}/g)].map(([, name, many]) => ({
    name,
    in: "path",
    required: true,
    schema: { type: "string", minLength: 1 },
    ...(many === undefined ? {} : { description: "May hold slashes" }),
  }));
}

function inQuery({ name, schema, about }: QueryParameter, required: boolean): Node {
  return { name, in: "query", required, schema, description: about };
}

function idOf(method: string, path: string): string {
  const words = path.split(/[^A-Za-z0-9]+/).filter((word) => word !== "");
  return [method.toLowerCase(), ...words].join("_");
}
