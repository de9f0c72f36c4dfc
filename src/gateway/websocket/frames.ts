/**
 * Frames of RFC 6455: bytes to heads and pieces of payload, and back. Pure.
 *
 * @module
 */

/** What a frame is (RFC 6455 §5.2). */
export const OPCODES = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/** One of the values of {@link OPCODES}. */
export type Opcode = (typeof OPCODES)[keyof typeof OPCODES];

/** The other end breaks the protocol, or a bound; `code` is the close code that tells it so. */
export class WebsocketFault extends Error {
  override readonly name = "WebsocketFault";
  /** 1002: against the protocol, 1007: text that is no UTF-8, 1009: too big. */
  readonly code: 1002 | 1007 | 1009;

  /** `message` says what is wrong. */
  constructor(code: 1002 | 1007 | 1009, message: string) {
    super(message);
    this.code = code;
  }
}

/** What stands before the payload of a frame. */
export interface FrameHead {
  readonly opcode: Opcode;
  /** Whether it ends its message. */
  readonly isLast: boolean;
  /** Bytes of payload. */
  readonly length: number;
}

/** Is told what is read; may throw a {@link WebsocketFault}. */
export interface FrameSink {
  /** A frame begins. */
  begin(head: FrameHead): void;
  /** Some of its payload, never empty: a view of what was pushed, unless it was masked. */
  piece(bytes: Uint8Array): void;
  /** All of it has come. */
  end(): void;
}

const KNOWN: ReadonlySet<number> = new Set(Object.values(OPCODES));
/** RFC 6455 §5.5. */
const MOST_CONTROL_BYTES = 125;
const LONGEST_HEAD = 14;
/** Lengths from here on take two bytes more, or eight. */
const TWO_BYTES = 126;
const EIGHT_BYTES = 127;

/** Reads the frames that one end sends, however they are cut. */
export class FrameReader {
  readonly #sink: FrameSink;
  readonly #isMasked: boolean;
  readonly #head = new Uint8Array(LONGEST_HEAD);
  #headLength = 0;
  #needed = 2;
  /** Bytes of payload that are still to come; null between frames. */
  #left: number | null = null;
  #maskAt = 0;
  #fault: WebsocketFault | null = null;
  #isStopped = false;

  /** `isMasked`: whether a client sends them, whose frames must be masked; a server's must not be (RFC 6455 §5.1). */
  constructor(sink: FrameSink, { isMasked }: { readonly isMasked: boolean }) {
    this.#sink = sink;
    this.#isMasked = isMasked;
  }

  /** Nothing more is read, also of what is being pushed. */
  stop(): void {
    this.#isStopped = true;
  }

  /** Reads `bytes`; throws a {@link WebsocketFault}, and from then on the same one. What came before it has been told. */
  push(bytes: Uint8Array): void {
    if (this.#fault !== null) throw this.#fault;
    try {
      for (let at = 0; at < bytes.length && !this.#isStopped;) {
        at = this.#left === null ? this.#readHead(bytes, at) : this.#pass(bytes, at);
      }
    } catch (error) {
      if (error instanceof WebsocketFault) this.#fault = error;
      throw error;
    }
  }

  #readHead(bytes: Uint8Array, from: number): number {
    let at = from;
    while (at < bytes.length && this.#headLength < this.#needed) {
      this.#head[this.#headLength++] = bytes[at++] ?? 0;
      if (this.#headLength === 2) this.#needed = headLengthOf(this.#head[1] ?? 0);
    }
    if (this.#headLength < this.#needed) return at;
    const head = parseHead(this.#head, this.#isMasked);
    this.#maskAt = this.#needed - 4;
    this.#headLength = 0;
    this.#needed = 2;
    this.#sink.begin(head);
    this.#left = head.length;
    if (head.length === 0) this.#finish();
    return at;
  }

  #pass(bytes: Uint8Array, from: number): number {
    const end = Math.min(bytes.length, from + (this.#left ?? 0));
    const piece = bytes.subarray(from, end);
    this.#left = (this.#left ?? 0) - piece.length;
    this.#sink.piece(this.#isMasked ? this.#unmasked(piece) : piece);
    if (this.#left === 0) this.#finish();
    return end;
  }

  #finish(): void {
    this.#left = null;
    this.#sink.end();
  }

  /** The mask is turned, so that the next piece begins with its first byte. */
  #unmasked(piece: Uint8Array): Uint8Array {
    const mask = this.#head.slice(this.#maskAt, this.#maskAt + 4);
    const plain = piece.map((byte, i) => byte ^ (mask[i & 3] ?? 0));
    for (let i = 0; i < 4; i++) this.#head[this.#maskAt + i] = mask[(i + piece.length) & 3] ?? 0;
    return plain;
  }
}

function headLengthOf(second: number): number {
  const length = second & 0x7f;
  return 2 + (length === TWO_BYTES ? 2 : length === EIGHT_BYTES ? 8 : 0) + (second >= 0x80 ? 4 : 0);
}

function parseHead(head: Uint8Array, mustBeMasked: boolean): FrameHead {
  const [first = 0, second = 0] = head;
  const opcode = first & 0x0f;
  const isLast = first >= 0x80;
  if ((first & 0x70) !== 0) throw new WebsocketFault(1002, "A reserved bit is set");
  if (!isOpcode(opcode)) throw new WebsocketFault(1002, `The opcode ${opcode} is reserved`);
  if (second >= 0x80 !== mustBeMasked) {
    throw new WebsocketFault(1002, mustBeMasked ? "A frame is not masked" : "A frame is masked");
  }
  const length = lengthOf(head, second & 0x7f);
  if (opcode >= OPCODES.close && (!isLast || length > MOST_CONTROL_BYTES)) {
    throw new WebsocketFault(1002, "A control frame is in pieces or longer than 125 bytes");
  }
  return { opcode, isLast, length };
}

function lengthOf(head: Uint8Array, short: number): number {
  const view = new DataView(head.buffer);
  if (short < TWO_BYTES) return short;
  const length = short === TWO_BYTES ? view.getUint16(2) : view.getUint32(2) * 2 ** 32 + view.getUint32(6);
  if (length < (short === TWO_BYTES ? TWO_BYTES : 0x10000)) throw new WebsocketFault(1002, "A length is not minimal");
  if (!Number.isSafeInteger(length)) throw new WebsocketFault(1009, "A frame is too big");
  return length;
}

function isOpcode(opcode: number): opcode is Opcode {
  return KNOWN.has(opcode);
}

/** What to write. */
export interface FrameToWrite {
  readonly opcode: Opcode;
  readonly payload: Uint8Array;
  /** Whether it ends its message; true unless given. */
  readonly isLast?: boolean;
  /** Four bytes that nobody can guess, for what a client sends; null for a server. */
  readonly mask: Uint8Array | null;
}

/** One frame as it goes over the wire. */
export function writeFrame({ opcode, payload, isLast = true, mask }: FrameToWrite): Uint8Array<ArrayBuffer> {
  const { length } = payload;
  const short = length < TWO_BYTES ? length : length < 0x10000 ? TWO_BYTES : EIGHT_BYTES;
  const second = short | (mask === null ? 0 : 0x80);
  const start = headLengthOf(second);
  // The payload lies at a multiple of four, so that it can be masked a word at a time.
  const pad = (4 - (start & 3)) & 3;
  const buffer = new ArrayBuffer((pad + start + length + 3) & ~3);
  const frame = new Uint8Array(buffer, pad, start + length);
  const view = new DataView(buffer, pad);
  frame[0] = opcode | (isLast ? 0x80 : 0);
  frame[1] = second;
  if (short === TWO_BYTES) view.setUint16(2, length);
  if (short === EIGHT_BYTES) view.setBigUint64(2, BigInt(length));
  frame.set(payload, start);
  if (mask === null) return frame;
  frame.set(mask, start - 4);
  const words = new Uint32Array(buffer, pad + start);
  const word = new Uint32Array(mask.slice().buffer)[0] ?? 0;
  for (let i = 0; i < words.length; i++) words[i] = (words[i] ?? 0) ^ word;
  return frame;
}
