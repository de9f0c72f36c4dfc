import { assert } from "@std/assert";
import { judgeAgainstNode } from "./judging.ts";
import { hasNode } from "./node_reading.ts";

const isMissing = !hasNode();
const note = isMissing ? " (skipped: there is no node on the PATH)" : "";

Deno.test({
  name: `what is accepted, Node accepts with the same meaning, and both accept what is well-formed${note}`,
  ignore: isMissing,
  async fn() {
    const { accepted, stricter } = await judgeAgainstNode({ cases: 4000, seed: 20_260_801 });
    assert(accepted > 1500 && stricter < 200, `${accepted} accepted, ${stricter} by Node only`);
  },
});
