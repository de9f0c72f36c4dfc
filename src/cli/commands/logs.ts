/**
 * `berth logs`: what a running gateway and its backends have written.
 *
 * @module
 */

import type { Command, Terminal } from "../command.ts";
import { EXIT } from "../exit_codes.ts";
import { callGateway, CONNECTION_FLAGS } from "../gateway_client.ts";

/** The command `logs`. */
export const logsCommand: Command = {
  name: "logs",
  summary: "Print the last 100 KiB of a running gateway's logs",
  details:
    `Without an argument: what the config's logToStdout selects. proxy: the gateway's own lines. upstream: what all
backends print. A model's id or alias: what its backends print.`,
  flags: [{ name: "follow", short: "f", help: "Go on with what comes, until interrupted" }, ...CONNECTION_FLAGS],
  positionals: { usage: "[proxy|upstream|MODEL]", min: 0, max: 1, words: ["proxy", "upstream"] },
  async run(args, terminal) {
    const source = args.positionals[0];
    const follow = args.has("follow");
    const path = `/logs/stream${source === undefined ? "" : `/${encodeURIComponent(source)}`}`;
    const response = await callGateway(args, terminal, { method: "GET", path: follow ? path : `${path}?no-follow` });
    const ended = await copy(response, terminal);
    if (!follow) return ended ? EXIT.ok : EXIT.failed;
    terminal.err(ended ? "berth: the gateway has ended the log" : "berth: the connection to the gateway broke");
    return ended ? EXIT.ok : EXIT.failed;
  },
};

/** Whether the stream came to its end. */
async function copy(response: Response, terminal: Terminal): Promise<boolean> {
  const reader = response.body?.getReader();
  if (reader === undefined) return true;
  try {
    for (;;) {
      let read: ReadableStreamReadResult<Uint8Array>;
      try {
        read = await reader.read();
      } catch {
        return false;
      }
      if (read.done) return true;
      terminal.outBytes(read.value);
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}
