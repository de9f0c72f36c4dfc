/**
 * What a request's Content-Type says about where its body may name a model. Pure.
 *
 * @module
 */

import { GatewayError } from "../../errors.ts";
import { readParameters } from "./header_parameters.ts";

/** How a body is to be read; `other` and `urlencoded` may turn out to be JSON. */
export type ContentKind =
  | { readonly kind: "json" | "urlencoded" | "other" }
  | { readonly kind: "multipart"; readonly boundary: string };

const JSON_KIND: ContentKind = { kind: "json" };
const OTHER_KIND: ContentKind = { kind: "other" };
const FORM_KIND: ContentKind = { kind: "urlencoded" };
/** RFC 2046 §5.1.1; a space may not be last. */
const BOUNDARY = /^[0-9A-Za-z'()+_,\-./:=? ]{0,69}[0-9A-Za-z'()+_,\-./:=?]$/;

/**
 * The kind of a body whose Content-Type is `contentType`; null = the header is missing.
 *
 * @throws {GatewayError} `bad_request` for a form whose parts cannot be told apart.
 */
export function kindOf(contentType: string | null): ContentKind {
  if (contentType === "application/json") return JSON_KIND;
  if (contentType === null) return OTHER_KIND;
  const mark = contentType.indexOf(";");
  const type = (mark < 0 ? contentType : contentType.slice(0, mark)).trim().toLowerCase();
  if (type === "application/json" || type === "text/json" || type.endsWith("+json")) return JSON_KIND;
  if (type === "application/x-www-form-urlencoded") return FORM_KIND;
  return type === "multipart/form-data" ? multipart(contentType) : OTHER_KIND;
}

function multipart(contentType: string): ContentKind {
  const boundaries = readParameters(contentType)?.parameters.filter(({ name }) => name === "boundary") ?? [];
  const boundary = boundaries[0]?.value;
  if (boundary === undefined) throw badBoundary("names no boundary");
  if (boundaries.length > 1) throw badBoundary("names more than one boundary");
  if (!BOUNDARY.test(boundary)) throw badBoundary("names a boundary that is none: 1 to 70 characters of RFC 2046");
  return { kind: "multipart", boundary };
}

function badBoundary(what: string): GatewayError {
  return new GatewayError("bad_request", `The form cannot be read: its Content-Type ${what}`);
}
