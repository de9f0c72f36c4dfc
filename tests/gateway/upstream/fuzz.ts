/**
 * Random responses, as many as wanted: splits, and one in twenty cases against Node.
 *
 * Run: `deno task fuzz [cases] [seed]`. Prints the seed; the first difference ends it with an error that shows the case.
 *
 * @module
 */

import { judgeAgainstNode, judgeSplits } from "./judging.ts";
import { hasNode } from "./node_reading.ts";

const NODE_BATCH = 20_000;
const SPLIT_BATCH = 500_000;

const [cases = 1_000_000, seed = crypto.getRandomValues(new Uint32Array(1))[0] ?? 0] = Deno.args.map(Number);
if (!Number.isSafeInteger(cases) || !Number.isSafeInteger(seed)) {
  throw new TypeError("Both arguments are whole numbers");
}
say(`${cases} cases, seed ${seed}`);

for (let done = 0, batch = 0; done < cases; batch++) {
  done += judgeSplits({ cases: Math.min(SPLIT_BATCH, cases - done), seed: seed + batch });
  say(`${done} splits read the same`);
}
if (!hasNode()) say("no comparison: there is no node on the PATH");
else {
  const all = Math.ceil(cases / 20);
  for (let done = 0, batch = 0; done < all; batch++) {
    const count = Math.min(NODE_BATCH, all - done);
    const { accepted, stricter } = await judgeAgainstNode({ cases: count, seed: seed + batch });
    done += count;
    say(`${done} compared with Node: of the last ${count}, both accept ${accepted}, only Node ${stricter}`);
  }
}

function say(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
}
