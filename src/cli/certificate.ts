/**
 * A certificate and its key, from files.
 *
 * @module
 */

import type { TlsFiles } from "./flags.ts";
import { ListenError } from "./listen_address.ts";
import { isGranted } from "./permissions.ts";

/** A certificate and its key as texts in PEM form. */
export interface KeyPair {
  /** The certificate, and those up to the authority. */
  readonly cert: string;
  /** Its private key. */
  readonly key: string;
}

/**
 * Reads a pair that can be served with.
 *
 * @throws {ListenError} when a file cannot be read, holds something else, or the two do not belong together.
 */
export function readKeyPair({ certFile, keyFile }: TlsFiles): KeyPair {
  const pair = { cert: readPem(certFile, "CERTIFICATE"), key: readPem(keyFile, "PRIVATE KEY") };
  try {
    // A client that proves itself with a pair checks it as a server does, and needs neither a port nor a permission.
    Deno.createHttpClient(pair).close();
  } catch (error) {
    throw new ListenError(`Cannot serve https with ${certFile} and ${keyFile}: ${reasonOf(error)}`);
  }
  return pair;
}

function readPem(file: string, what: string): string {
  if (!isGranted({ name: "read", path: file })) {
    throw new ListenError(`Cannot read ${file}: this process may not read files; run it with --allow-read or -P`);
  }
  let text: string;
  try {
    text = Deno.readTextFileSync(file);
  } catch (error) {
    throw new ListenError(`Cannot read ${file}: ${reasonOf(error)}`);
  }
  if (new RegExp(`-----BEGIN [A-Z ]*${what}-----`).test(text)) return text;
  throw new ListenError(`${file} holds no ${what.toLowerCase()} in PEM form: expected a line -----BEGIN ${what}-----`);
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
