/**
 * Keys of `timeouts`: limits towards a backend or a peer.
 *
 * @module
 */

import type { z } from "zod";
import { about, block, integerFrom, noEffectYet } from "../fields.ts";

const seconds = (initially: number) => integerFrom(0, "must be >= 0").default(initially);

const shared = {
  connect: about(seconds(30), "Seconds to connect; 0 = no limit."),
  keepalive: about(
    seconds(30),
    "0 = idle connections are not probed; otherwise they are, as often as the system does (the number is not used).",
  ),
  tlsHandshake: noEffectYet(about(seconds(10), "Seconds for a TLS handshake; 0 = no limit.")),
  expectContinue: noEffectYet(about(
    seconds(1),
    "Seconds to wait for a 100-continue. Bodies are read whole before they are sent on, so that nothing waits for it.",
  )),
  idleConn: about(seconds(90), "Seconds that an unused connection stays open; 0 = no limit."),
};

/** Limits towards a model's backend. */
export const modelTimeouts = block({
  ...shared,
  responseHeader: about(
    seconds(0),
    "Seconds from a request to its response's headers; 0 = no limit, which long answers without streaming need.",
  ),
});

/** Limits towards a peer. */
export const peerTimeouts = block({
  ...shared,
  responseHeader: about(seconds(60), "Seconds from a request to its response's headers; 0 = no limit."),
});

/** Parsed limits. */
export type TimeoutSettings = z.output<typeof modelTimeouts>;
