/**
 * The connection that a request came on, as far as its host looks after it.
 *
 * @module
 */

/** See the module. */
export interface ClientConnection {
  /** Is told once when the client has left before its answer began, where the runtime itself does not notice. */
  onLeft: (() => void) | null;
  /** The answer begins: from now on the runtime looks after the connection. */
  answered(): void;
}
