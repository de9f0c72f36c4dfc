/**
 * The schemas of `@std/yaml`: js-yaml 4's, with the number forms of js-yaml 3 from which `@std/yaml` was ported
 * (`010` is eight, `0o10` is text, `1_000` is a thousand).
 *
 * @module
 */

// @ts-types="./js_yaml.d.ts"
import { CORE_SCHEMA, DEFAULT_SCHEMA, FAILSAFE_SCHEMA, JSON_SCHEMA, type Schema, Type } from "js-yaml";

const INTEGER = /^[-+]?(?:0|0b_*[01][01_]*|0x_*[\da-fA-F][\da-fA-F_]*|0_*[0-7][0-7_]*)$/;
const FLOAT =
  /^(?:[-+]?(?:0|[1-9][0-9_]*)(?:\.[0-9_]*)?(?:[eE][-+]?[0-9]+)?|\.[0-9_]+(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/;

const types = [
  new Type("tag:yaml.org,2002:null", {
    kind: "scalar",
    // js-yaml takes `!!null` with nothing behind it, too.
    resolve: (data) => data !== null && /^(?:~|null|Null|NULL)$/.test(data),
    construct: () => null,
    predicate: (value) => value === null,
    represent: () => "null",
  }),
  new Type("tag:yaml.org,2002:int", {
    kind: "scalar",
    resolve: (data) => data !== null && INTEGER.test(data) && !data.endsWith("_"),
    construct: integer,
    predicate: (value) => typeof value === "number" && value % 1 === 0 && !Object.is(value, -0),
    represent: (value) => String(value),
  }),
  new Type("tag:yaml.org,2002:float", {
    kind: "scalar",
    resolve: (data) => data !== null && FLOAT.test(data) && !data.endsWith("_"),
    construct: float,
    predicate: (value) => typeof value === "number" && (value % 1 !== 0 || Object.is(value, -0)),
    represent: floatText,
  }),
];

/** Name of a set of YAML types. `extended` of the original is not offered. */
export type SchemaType = "failsafe" | "json" | "core" | "default";

/** The schemas by name. */
export const schemas: Readonly<Record<SchemaType, Schema>> = {
  failsafe: FAILSAFE_SCHEMA,
  json: JSON_SCHEMA.extend({ implicit: types }),
  core: CORE_SCHEMA.extend({ implicit: types }),
  default: DEFAULT_SCHEMA.extend({ implicit: types }),
};

function integer(data: string): number {
  const text = data.replaceAll("_", "");
  const sign = text.startsWith("-") ? -1 : 1;
  const digits = text.replace(/^[-+]/, "");
  if (digits === "0") return 0;
  if (digits.startsWith("0b")) return sign * parseInt(digits.slice(2), 2);
  if (digits.startsWith("0x")) return sign * parseInt(digits, 16);
  return sign * parseInt(digits, 8);
}

function float(data: string): number {
  const text = data.replaceAll("_", "").toLowerCase();
  const sign = text.startsWith("-") ? -1 : 1;
  const digits = text.replace(/^[-+]/, "");
  if (digits === ".inf") return sign * Infinity;
  if (digits === ".nan") return NaN;
  return sign * parseFloat(digits);
}

function floatText(value: number): string {
  if (Number.isNaN(value)) return ".nan";
  if (!Number.isFinite(value)) return value > 0 ? ".inf" : "-.inf";
  if (Object.is(value, -0)) return "-0.0";
  return String(value).replace(/^([-+]?[0-9]+)e/, "$1.e");
}
