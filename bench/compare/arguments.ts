/**
 * The command line of the comparison. Pure.
 *
 * @module
 */

import { DIRECT, parseTarget, type TargetSpec } from "./targets.ts";

/** What is to be compared, and how thoroughly. */
export interface CompareOptions {
  /** The columns: `direct`, Berth, then the peers in the order given. Names differ. */
  readonly targets: readonly TargetSpec[];
  /** The name of the column that the others are set in ratio to. */
  readonly baseline: string;
  /** Scenarios to run; null is all of them. */
  readonly only: readonly string[] | null;
  /** Turns of each target in each scenario. */
  readonly rounds: number;
  /** Factor on durations and counts. */
  readonly effort: number;
  /** File for all the figures of all rounds; null writes none. */
  readonly json: string | null;
}

/** How to use it. */
export const USAGE = `deno task bench:compare [flags]
  --gateway NAME=COMMAND  a peer; {config}, {port}, {engine} and {file:PATH} are replaced; may be given several times
  --berth COMMAND         another Berth than the one of this folder
  --only NAME,NAME        some scenarios only
  --rounds N              turns of each gateway (5)
  --quick                 2 rounds of a third of the length, for trying
  --json FILE             all figures of all rounds`;

/** Reads the arguments; `berth` is the template of the built-in gateway. Throws an `Error` that names what is wrong. */
export function parseCompareArguments(args: readonly string[], berth: string): CompareOptions {
  const peers: TargetSpec[] = [];
  let berthTemplate = berth;
  let only: readonly string[] | null = null;
  let rounds: number | null = null;
  let quick = false;
  let json: string | null = null;
  for (let at = 0; at < args.length; at++) {
    const name = args[at] ?? "";
    if (name === "--quick") {
      quick = true;
      continue;
    }
    if (!["--gateway", "--berth", "--only", "--rounds", "--json"].includes(name)) {
      throw new Error(`unknown flag ${name}\n${USAGE}`);
    }
    const value = args[++at];
    if (value === undefined || value === "") throw new Error(`${name} needs a value\n${USAGE}`);
    if (name === "--gateway") peers.push(readPeer(value));
    else if (name === "--berth") berthTemplate = value;
    else if (name === "--only") only = value.split(",");
    else if (name === "--json") json = value;
    else rounds = readRounds(value);
  }
  const baseline = parseTarget("Berth", berthTemplate);
  const targets = [DIRECT, baseline, ...peers];
  const twice = targets.find(({ name }, i) => targets.findIndex((other) => other.name === name) !== i);
  if (twice !== undefined) throw new Error(`two gateways are called ${twice.name}`);
  return { targets, baseline: baseline.name, only, rounds: rounds ?? (quick ? 2 : 5), effort: quick ? 1 / 3 : 1, json };
}

function readPeer(text: string): TargetSpec {
  const at = text.indexOf("=");
  if (at < 0) throw new Error(`--gateway takes NAME=COMMAND, not "${text}"`);
  return parseTarget(text.slice(0, at), text.slice(at + 1));
}

function readRounds(text: string): number {
  const rounds = Number(text);
  if (!Number.isInteger(rounds) || rounds < 1) throw new Error(`--rounds takes a number from 1, not "${text}"`);
  return rounds;
}
