/**
 * `berth unload`: stops models of a running gateway.
 *
 * @module
 */

import type { Command } from "../command.ts";
import { EXIT } from "../exit_codes.ts";
import { callGateway, CONNECTION_FLAGS } from "../gateway_client.ts";

/** The command `unload`. */
export const unloadCommand: Command = {
  name: "unload",
  summary: "Stop models of a running gateway, all of them unless some are named",
  details: "Returns when no process of them is left. A later request starts a model again.",
  flags: CONNECTION_FLAGS,
  positionals: { usage: "[MODEL…]", min: 0, max: Infinity },
  async run(args, terminal) {
    const models = args.positionals;
    const paths = models.length === 0
      ? ["/api/models/unload"]
      : models.map((model) => `/api/models/unload/${encodeURIComponent(model)}`);
    for (const path of paths) {
      const response = await callGateway(args, terminal, { method: "POST", path });
      await response.body?.cancel();
    }
    terminal.out(models.length === 0 ? "Every model is unloaded" : `Unloaded: ${models.join(", ")}`);
    return EXIT.ok;
  },
};
