/**
 * What the program's exit code says.
 *
 * @module
 */

/** The exit codes of every command. */
export const EXIT = {
  /** Done. */
  ok: 0,
  /** It failed: a config that does not load, an address in use, a gateway that refused. */
  failed: 1,
  /** The arguments were not understood; nothing was done. */
  usage: 2,
  /** No gateway answers at the URL. */
  unreachable: 3,
} as const;

/** The codes as help shows them, one a line. */
export const EXIT_CODES_TEXT = `  0  done
  1  failed; check: the config does not load, or has warnings under -strict; reload: the new config was rejected
  2  the arguments were not understood
  3  no gateway answers at the URL (queue, unload, logs, reload)`;
