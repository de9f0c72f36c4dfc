/**
 * The built-in model server's arguments, so that a user can make it as slow or as large as a real one.
 *
 * @module
 */

/** How one built-in model behaves. */
export interface TinyOptions {
  /** Its name in answers. */
  readonly name: string;
  /** How long it says that it is loading; milliseconds. */
  readonly loadMs: number;
  /** How fast it writes; none is as fast as it can. */
  readonly tokensPerSecond: number | undefined;
  /** How much memory it takes, besides its own. */
  readonly memoryBytes: number;
}

const TIME_UNITS = { ms: 1, s: 1000, m: 60_000 } as const;
const SIZE_UNITS = { B: 1, KIB: 2 ** 10, MIB: 2 ** 20, GIB: 2 ** 30, KB: 1e3, MB: 1e6, GB: 1e9 } as const;
const MEMORY_LIMIT = 64 * 2 ** 30;

/**
 * Reads `--name a --load 1.5s --tokens-per-second 20 --memory 64MiB`, also as `--load=1.5s`. A load time without a unit is in seconds.
 * Throws an `Error` that names the flag and what it expects.
 */
export function parseTinyOptions(args: readonly string[]): TinyOptions {
  let options: TinyOptions = { name: "tiny", loadMs: 0, tokensPerSecond: undefined, memoryBytes: 0 };
  for (let at = 0; at < args.length; at++) {
    const argument = args[at] ?? "";
    const equals = argument.indexOf("=");
    const flag = equals < 0 ? argument : argument.slice(0, equals);
    const value = equals < 0 ? args[++at] : argument.slice(equals + 1);
    if (!FLAGS.has(flag)) throw new Error(`tiny: unknown flag ${flag}; known are ${[...FLAGS].join(", ")}`);
    if (value === undefined || value === "") throw new Error(`tiny: ${flag} needs a value`);
    options = withFlag(options, flag, value);
  }
  return options;
}

const FLAGS: ReadonlySet<string> = new Set(["--name", "--load", "--tokens-per-second", "--memory"]);

function withFlag(options: TinyOptions, flag: string, value: string): TinyOptions {
  switch (flag) {
    case "--name":
      return { ...options, name: value };
    case "--load":
      return { ...options, loadMs: parseDuration(flag, value) };
    case "--tokens-per-second":
      return { ...options, tokensPerSecond: parseRate(flag, value) };
    default:
      return { ...options, memoryBytes: parseSize(flag, value) };
  }
}

function parseDuration(flag: string, value: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m)?$/.exec(value);
  if (match === null) throw new Error(`tiny: ${flag} expects a time such as 200ms or 1.5s, found ${value}`);
  return Number(match[1]) * TIME_UNITS[(match[2] ?? "s") as keyof typeof TIME_UNITS];
}

function parseRate(flag: string, value: string): number {
  const rate = Number(value);
  if (!(rate > 0) || !Number.isFinite(rate)) throw new Error(`tiny: ${flag} expects a number above 0, found ${value}`);
  return rate;
}

function parseSize(flag: string, value: string): number {
  const match = /^(\d+(?:\.\d+)?)(B|KiB|MiB|GiB|kB|MB|GB)?$/i.exec(value);
  if (match === null) throw new Error(`tiny: ${flag} expects a size such as 64MiB, found ${value}`);
  const bytes = Math.round(Number(match[1]) * SIZE_UNITS[(match[2] ?? "B").toUpperCase() as keyof typeof SIZE_UNITS]);
  if (bytes > MEMORY_LIMIT) throw new Error(`tiny: ${flag} is at most 64GiB, found ${value}`);
  return bytes;
}
