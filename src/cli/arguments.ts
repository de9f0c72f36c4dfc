/**
 * Reading a command's arguments by its table of flags: one dash or two, `-flag value` or `-flag=value`, as llama-swap has it.
 *
 * @module
 */

import { nearestName } from "../config/suggestions.ts";

/** One flag of a command. */
export interface FlagSpec {
  /** Its name without dashes. */
  readonly name: string;
  /** What help calls its value; a flag without one is a switch. */
  readonly value?: string;
  /** A shorter name. */
  readonly short?: string;
  /** What the value names, for shell completion. */
  readonly completes?: "file" | "folder";
  /** One sentence. */
  readonly help: string;
}

/** What a command takes besides flags. */
export interface PositionalSpec {
  /** As help shows it: `[MODEL…]`. */
  readonly usage: string;
  /** How many it needs. */
  readonly min: number;
  /** How many it takes. */
  readonly max: number;
  /** The words that it may be, for shell completion. */
  readonly words?: readonly string[];
}

/** What {@link readArguments} needs to know of a command. */
export interface ArgumentsSpec {
  /** Its flags, besides `-help`, which every command has. */
  readonly flags: readonly FlagSpec[];
  /** What else it takes; nothing when absent. */
  readonly positionals?: PositionalSpec;
}

/** The arguments of a command. */
export interface Arguments {
  /** The value of a flag; `null` when it was not given. */
  value(flag: string): string | null;
  /** Whether a switch is on; `fallback` (false) when it was not given. */
  has(flag: string, fallback?: boolean): boolean;
  /** What is no flag, in order. */
  readonly positionals: readonly string[];
}

/** The arguments cannot be understood; the message says which and why. Exit code 2. */
export class UsageError extends Error {
  override readonly name: string = "UsageError";
}

/** The flag that every command has. */
export const HELP_FLAG: FlagSpec = { name: "help", short: "h", help: "Print help and exit" };

/**
 * Reads a command's arguments; flags and the rest may come in any order, and `--` ends the flags.
 *
 * @throws {UsageError} for an unknown flag, a missing or a malformed value, and too few or too many positionals.
 */
export function readArguments(spec: ArgumentsSpec, args: readonly string[]): Arguments {
  const known = [...spec.flags, HELP_FLAG];
  const values = new Map<string, string>();
  const switches = new Map<string, boolean>();
  const positionals: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const arg = args[i] ?? "";
    if (arg === "--") {
      positionals.push(...args.slice(i + 1));
      break;
    }
    if (!arg.startsWith("-") || arg === "-") {
      positionals.push(arg);
      continue;
    }
    const equals = arg.indexOf("=");
    const name = arg.slice(arg.startsWith("--") ? 2 : 1, equals < 0 ? undefined : equals);
    const attached = equals < 0 ? undefined : arg.slice(equals + 1);
    const flag = known.find((one) => one.name === name || one.short === name);
    if (flag === undefined) throw new UsageError(describeUnknown(arg, name, known));
    if (flag.value === undefined) switches.set(flag.name, parseSwitch(flag.name, attached));
    else {
      const value = attached ?? args[++i];
      if (value === undefined) throw new UsageError(`Flag -${flag.name} needs a value: ${flag.value}`);
      values.set(flag.name, value);
    }
  }
  if (switches.get("help") !== true) checkCount(spec.positionals, positionals);
  return {
    value: (flag) => values.get(flag) ?? null,
    has: (flag, fallback = false) => switches.get(flag) ?? fallback,
    positionals,
  };
}

function describeUnknown(arg: string, name: string, known: readonly FlagSpec[]): string {
  const near = nearestName(name, known.map((flag) => flag.name));
  return `Unknown flag "${arg}"${near === undefined ? "" : `. Did you mean -${near}?`}`;
}

function checkCount(spec: PositionalSpec | undefined, positionals: readonly string[]): void {
  const { min, max, usage } = spec ?? { min: 0, max: 0, usage: "" };
  if (positionals.length < min) throw new UsageError(`An argument is missing: expected ${usage}`);
  if (positionals.length > max) throw new UsageError(`Unexpected argument "${positionals[max]}"`);
}

function parseSwitch(name: string, value: string | undefined): boolean {
  if (value === undefined || ["1", "t", "T", "true", "TRUE", "True"].includes(value)) return true;
  if (["0", "f", "F", "false", "FALSE", "False"].includes(value)) return false;
  throw new UsageError(`Flag -${name} has "${value}": expected true or false`);
}
