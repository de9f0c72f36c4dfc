/**
 * The way in: a request read once, bounded, with the model's name found in it, and the same request with another name or
 * with filters applied, no other byte changed.
 *
 * @module
 */

import type { Filters } from "../../config/types.ts";
import { GatewayError } from "../../errors.ts";
import { queryOf } from "../request_url.ts";
import {
  type BodyNames,
  looksLikeObject,
  MAX_NAME_BYTES,
  namesIfJsonObject,
  namesInJson,
  namesInMultipart,
  namesInUrlEncoded,
  NO_NAMES,
} from "./body_names.ts";
import { type ContentKind, kindOf } from "./content_kind.ts";
import { type AppliedFilters, areIdle } from "./filter_plan.ts";
import { type ByteEdit, growthOf, HeldBody } from "./held_body.ts";
import { editsOf } from "./json_edit.ts";
import { MultipartScanner } from "./multipart_scanner.ts";
import { type QueryNames, readQuery, unreadQuery } from "./query_names.ts";
import { receiveBody, type ReceiveBounds, type ReceiveShape } from "./receive.ts";

/** A request for a model. */
export interface NamedRequest {
  /** The name as the client wrote it, or as it was rewritten; never empty. */
  readonly model: string;
  /** Whether it asks for a stream. */
  readonly wantsStream: boolean;
  /** Query to send on, with its question mark; "" when there is none. */
  readonly query: string;
  /** Content type to send on where it must differ; null = as the client sent it. */
  readonly contentType: string | null;
  /** How many bytes {@link NamedRequest.body} has. */
  readonly length: number;
  /** Whether {@link NamedRequest.body} may be called (again): false once a piece of it has been let go of. */
  readonly canRepeat: boolean;
  /**
   * What to send: null for nothing, few bytes as one array, otherwise a stream; its reader asks for the next piece when it
   * has sent the one before, which is then let go of. Cancelling the stream lets go of nothing.
   */
  body(): Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array<ArrayBuffer>> | null;
  /** The same request with another name, wherever it stands. Throws `bad_request` for one that cannot stand there. */
  withModel(model: string): NamedRequest;
  /**
   * The same request with these filters applied; only JSON objects are changed.
   *
   * @throws {GatewayError} `bad_request` when something is to be set within a value that has no members.
   */
  withFilters(filters: Filters, requestedName: string): NamedRequest;
  /** Lets go of the memory, also of every request made of this one: to be called at the end of each, sent or not. */
  drop(): void;
}

/**
 * Where a route's clients name the model. `query`: the body is not looked at; it is kept as it is, whatever it is. `known`:
 * something else names it, and neither body nor query is looked at.
 */
export type ModelPlace = "body" | "query" | { readonly known: string };

/** How a request is read. */
export interface ReadOptions extends ReceiveBounds {
  /** The request's URL, where something in it is not to be passed on; its own unless given. */
  readonly url?: string;
  /** Where its route's clients name the model. */
  readonly modelIn: ModelPlace;
}

/**
 * Reads a request. A body is read by its Content-Type (JSON, multipart, urlencoded), or as JSON where it is a JSON object in
 * spite of its type. A name in the query counts as well; it may not contradict the body.
 *
 * @throws {GatewayError} `bad_request` for what is malformed, contradicts itself or names no model; `body_too_large`,
 * `body_timeout`, `too_busy`; `client_closed` when the body breaks off.
 */
export async function readNamedRequest(request: Request, options: ReadOptions): Promise<NamedRequest> {
  const { modelIn, url = request.url } = options;
  const query = typeof modelIn === "string" ? readQuery(queryOf(url)) : unreadQuery(queryOf(url));
  if (modelIn !== "body") return await readUnseen(request, options, query);
  const type = request.headers.get("content-type");
  const kind = kindOf(type);
  const scanner = kind.kind === "multipart" ? new MultipartScanner(kind.boundary, FIELDS, MAX_NAME_BYTES) : null;
  let held: HeldBody | null = null;
  try {
    held = await receiveBody(request, options, scanner === null ? WHOLE : shapeFor(scanner));
    scanner?.end();
    const body = scanner === null || kind.kind !== "multipart"
      ? namesIn(held.bytes, kind, query)
      : namesInMultipart(scanner.found, kind.boundary);
    const model = theModel(body, query, type);
    const contentType = body.isJson && kind.kind !== "json" ? "application/json" : null;
    return new HeldRequest({ held, query, body, model, contentType }, { model, ...NO_FILTERS });
  } catch (error) {
    held?.drop();
    throw explained(error, request.headers);
  }
}

const FIELDS = ["model", "stream"];
const WHOLE: ReceiveShape = { isWhole: true, onBytes: null };
const UNSEEN: ReceiveShape = { isWhole: false, onBytes: null };

function shapeFor(scanner: MultipartScanner): ReceiveShape {
  return { isWhole: false, onBytes: (bytes) => scanner.push(bytes) };
}

/** A request whose body, if it has one, is none of ours. */
async function readUnseen(request: Request, options: ReadOptions, query: QueryNames): Promise<NamedRequest> {
  const { modelIn } = options;
  const model = typeof modelIn === "string" ? theModelIn(query) : modelIn.known;
  const isBodiless = request.method === "GET" || request.method === "HEAD";
  const held = isBodiless ? new HeldBody([], options.memory) : await receiveBody(request, options, UNSEEN);
  const body = { ...NO_NAMES, wantsStream: query.wantsStream };
  return new HeldRequest({ held, query, body, model, contentType: null }, { model, ...NO_FILTERS });
}

function namesIn(bytes: Uint8Array, { kind }: ContentKind, query: QueryNames): BodyNames {
  const hasName = query.model !== null;
  if (bytes.length === 0 && hasName) return NO_NAMES;
  if (kind === "json") return namesInJson(bytes, { anyValue: hasName }); // clients of llama.cpp send lists as well
  const names = namesIfJsonObject(bytes);
  if (names !== null) return names;
  if (kind === "urlencoded") return namesInUrlEncoded(bytes);
  if (looksLikeObject(bytes) && !hasName) return namesInJson(bytes); // says what is wrong with it
  return NO_NAMES;
}

/** The one name, wherever it stands. */
function theModel(body: BodyNames, query: QueryNames, type: string | null): string {
  const model = body.model ?? query.model;
  if (model === null || model === "") throw noModel(hintFor(body, type));
  if (query.model !== null && query.model !== model) {
    throw new GatewayError("bad_request", "The body names another model than the query", { param: "model" });
  }
  if (model.length > MAX_NAME_BYTES) {
    throw new GatewayError("bad_request", `The model's name is longer than ${MAX_NAME_BYTES} characters`, {
      param: "model",
    });
  }
  return model;
}

/** The same where the body may not name it. */
function theModelIn(query: QueryNames): string {
  if (query.model === null || query.model === "") throw noModel("it is expected in the query (`?model=`)");
  return theModel(NO_NAMES, query, null);
}

function hintFor({ isJson, modelAt }: BodyNames, type: string | null): string {
  return isJson || modelAt !== null || type === null
    ? "a text `model` is expected"
    : `a body of type ${type.slice(0, MAX_TYPE_SHOWN)} without a field \`model\` needs it in the query`;
}

function noModel(hint: string): GatewayError {
  return new GatewayError("bad_request", `The request names no model (no model id could be identified): ${hint}`, {
    param: "model",
  });
}

const MAX_TYPE_SHOWN = 60;

/** A compressed body fails as something malformed or without a name: what is wrong with it is said instead. */
function explained(error: unknown, headers: Headers): unknown {
  const encoding = headers.get("content-encoding")?.toLowerCase() ?? "";
  const isCompressed = encoding !== "" && encoding !== "identity";
  if (!isCompressed || !(error instanceof GatewayError) || error.code !== "bad_request") return error;
  return new GatewayError("bad_request", "The body is compressed (Content-Encoding): the model cannot be read in it", {
    cause: error,
  });
}

/** What was received; shared by a request and all that are made of it. */
interface Source {
  readonly held: HeldBody;
  readonly query: QueryNames;
  readonly body: BodyNames;
  /** The name as it came. */
  readonly model: string;
  readonly contentType: string | null;
}

/** In what a request differs from what was received. */
interface Differences {
  readonly model: string;
  readonly applied: readonly AppliedFilters[];
  /** What `applied` amounts to. */
  readonly filterEdits: readonly ByteEdit[];
}

const NO_FILTERS = { applied: [], filterEdits: [] } as const;

class HeldRequest implements NamedRequest {
  readonly model: string;
  readonly query: string;
  readonly length: number;
  readonly #source: Source;
  readonly #differences: Differences;
  readonly #edits: readonly ByteEdit[];

  constructor(source: Source, differences: Differences) {
    const { held, query, body } = source;
    const { model, filterEdits } = differences;
    this.#source = source;
    this.#differences = differences;
    this.model = model;
    if (model === source.model) {
      this.query = query.text;
      this.#edits = filterEdits;
    } else {
      this.query = query.withModel(model);
      this.#edits = body.modelAt === null
        ? filterEdits
        : inOrder({ ...body.modelAt, bytes: body.write(model) }, filterEdits);
    }
    this.length = held.length + growthOf(this.#edits);
  }

  get wantsStream(): boolean {
    return this.#source.body.wantsStream;
  }

  get contentType(): string | null {
    return this.#source.contentType;
  }

  get canRepeat(): boolean {
    return this.#source.held.isWhole;
  }

  body(): Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array<ArrayBuffer>> | null {
    return this.#source.held.send(this.#edits);
  }

  withModel(model: string): NamedRequest {
    return model === this.model ? this : new HeldRequest(this.#source, { ...this.#differences, model });
  }

  withFilters(filters: Filters, requestedName: string): NamedRequest {
    const added = { filters, requestedName };
    const { held, body } = this.#source;
    if (!body.isJson || areIdle(added)) return this;
    const applied = [...this.#differences.applied, added];
    const filterEdits = editsOf(held.bytes, applied);
    return new HeldRequest(this.#source, { model: this.model, applied, filterEdits });
  }

  drop(): void {
    this.#source.held.drop();
  }
}

/** Filters never touch the model, so that no two overlap. */
function inOrder(edit: ByteEdit, others: readonly ByteEdit[]): readonly ByteEdit[] {
  const behind = others.findIndex(({ start }) => start >= edit.end);
  const at = behind < 0 ? others.length : behind;
  return [...others.slice(0, at), edit, ...others.slice(at)];
}
