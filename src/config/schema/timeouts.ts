/**
 * Keys of `timeouts`: limits towards a backend or a peer.
 *
 * @module
 */

import { about, block, integerFrom, noEffectEver } from "../fields.ts";

const seconds = (initially: number) => integerFrom(0, "must be >= 0").default(initially);

const connect = about(seconds(30), "Seconds to connect; 0 = no limit.");

const shared = {
  tlsHandshake: about(seconds(10), "Seconds for a TLS handshake with an https address; 0 = no limit."),
  keepalive: about(
    seconds(30),
    "0 = idle connections are not probed; otherwise they are, as often as the system does (the number is not used).",
  ),
  idleConn: about(seconds(90), "Seconds that an unused connection stays open; 0 = no limit."),
  expectContinue: noEffectEver(about(
    seconds(1),
    "Seconds to wait for a 100-continue. Bodies are read whole before they are sent on, so that nothing waits for it.",
  )),
};

/** Limits towards a model's backend. */
export const modelTimeouts = block({
  connect,
  responseHeader: about(
    seconds(0),
    "Seconds from a request to its response's headers; 0 = no limit, which long answers without streaming need.",
  ),
  ...shared,
});

/** Limits towards a peer. */
export const peerTimeouts = block({
  connect,
  responseHeader: about(seconds(60), "Seconds from a request to its response's headers; 0 = no limit."),
  ...shared,
});
