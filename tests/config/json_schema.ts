/**
 * Enough of a JSON Schema validator for the schema that Berth writes; a keyword that it does not know is an error.
 *
 * @module
 */

/** What a schema is made of here. */
export type Schema = Readonly<Record<string, unknown>>;

const SILENT = new Set(["$schema", "title", "description", "default", "x-form", "x-no-effect"]);

/** Lists what is wrong with a value, each with its path. */
export function violations(schema: Schema, value: unknown, path = ""): readonly string[] {
  return Object.entries(schema).flatMap(([keyword, operand]) => {
    if (SILENT.has(keyword)) return [];
    const check = KEYWORDS[keyword];
    if (check === undefined) throw new RangeError(`unknown keyword ${keyword} at ${path}`);
    return check(operand, value, path, schema);
  });
}

type Check = (operand: unknown, value: unknown, path: string, schema: Schema) => readonly string[];

const say = (wrong: boolean, path: string, what: string) => wrong ? [`${path}: ${what}`] : [];

const KEYWORDS: Readonly<Record<string, Check>> = {
  type: (operand, value, path) => {
    const types = Array.isArray(operand) ? operand : [operand];
    const integer = Number.isInteger(value) && types.includes("integer");
    return say(!integer && !types.includes(typeOf(value)), path, `is no ${types.join(" or ")}`);
  },
  properties: (operand, value, path) =>
    isMapping(operand) && isMapping(value)
      ? Object.keys(value).flatMap((key) => {
        const inner = operand[key];
        return isMapping(inner) ? violations(inner, value[key], `${path}.${key}`) : [];
      })
      : [],
  additionalProperties: (operand, value, path, { properties }) => {
    if (!isMapping(value)) return [];
    const more = Object.keys(value).filter((key) => !isMapping(properties) || properties[key] === undefined);
    return more.flatMap((key) =>
      isMapping(operand)
        ? violations(operand, value[key], `${path}.${key}`)
        : say(operand === false, path, `has ${key}`)
    );
  },
  propertyNames: () => [],
  required: (operand, value, path) =>
    Array.isArray(operand) && isMapping(value)
      ? operand.flatMap((key) => say(value[String(key)] === undefined, path, `lacks ${key}`))
      : [],
  items: (operand, value, path) =>
    isMapping(operand) && Array.isArray(value)
      ? value.flatMap((item, i) => violations(operand, item, `${path}[${i}]`))
      : [],
  anyOf: (operand, value, path) =>
    say(
      Array.isArray(operand) && !operand.some((option) => violations(option, value, path).length === 0),
      path,
      "fits none of the forms",
    ),
  enum: (operand, value, path) => say(Array.isArray(operand) && !operand.includes(value), path, "is none of the words"),
  pattern: (operand, value, path) =>
    say(typeof value === "string" && !new RegExp(String(operand), "u").test(value), path, `does not match ${operand}`),
  minimum: (operand, value, path) => say(typeof value === "number" && value < Number(operand), path, "is too small"),
  maximum: (operand, value, path) => say(typeof value === "number" && value > Number(operand), path, "is too large"),
  minLength: (operand, value, path) =>
    say(typeof value === "string" && value.length < Number(operand), path, "is too short"),
};

function typeOf(value: unknown): string {
  return value === null ? "null" : Array.isArray(value) ? "array" : typeof value === "object" ? "object" : typeof value;
}

function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeOf(value) === "object";
}
