import { assert, assertEquals } from "@std/assert";
import { Validator } from "@seriousme/openapi-schema-validator";
import { apiReference } from "../../src/routes/api_reference.ts";
import { INFERENCE_ROUTES } from "../../src/routes/inference_table.ts";
import { openApiDocument } from "../../src/routes/openapi.ts";
import { OPERATIONS } from "../../src/routes/operations.ts";

const document = openApiDocument("1.2.3") as unknown as {
  readonly openapi: string;
  readonly info: { readonly version: string };
  readonly paths: Readonly<Record<string, Readonly<Record<string, OperationNode>>>>;
};

Deno.test("a validator accepts the document, which is of OpenAPI 3.1", async () => {
  const validator = new Validator();
  const { valid, errors } = await validator.validate(structuredClone(document));
  assert(valid, JSON.stringify(errors, null, 2));
  assertEquals([document.openapi, document.info.version], ["3.1.0", "1.2.3"]);
});

Deno.test("every row of the tables is in the document, and nothing besides what is passed through", () => {
  const listed = Object.entries(document.paths)
    .flatMap(([path, methods]) => Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`));
  const rows = [...INFERENCE_ROUTES, ...OPERATIONS].map(({ method, path }) =>
    `${method} ${path.replaceAll("…}", "}")}`
  );
  assertEquals(listed.filter((route) => !/ \/(upstream|comfyui)\//.test(route)).sort(), rows.sort());
});

Deno.test("no two operations have one id, and every path parameter is declared", () => {
  const ids = new Set<string>();
  for (
    const [path, methods] of Object.entries(document.paths)
  ) {
    for (const { operationId, parameters = [] } of Object.values(methods)) {
      assert(!ids.has(operationId), operationId);
      ids.add(operationId);
      const declared = parameters.filter((parameter) => parameter.in === "path").map(({ name }) => name);
      assertEquals(declared, [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name), path);
    }
  }
});

interface OperationNode {
  readonly operationId: string;
  readonly parameters?: readonly Parameter[];
}

interface Parameter {
  readonly name: string;
  readonly in: string;
}

Deno.test("the reference in the repository is that of the tables", async () => {
  assertEquals(await Deno.readTextFile(new URL("../../docs/api.md", import.meta.url)), apiReference());
});
