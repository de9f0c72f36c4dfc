/**
 * Ports for backends: the gateway gives a backend its port before the backend listens, so a test has to pick one.
 *
 * @module
 */

/** A port that nothing listens on now, below the range from which the system lends ports to clients. */
export function freePort(): number {
  for (let port = 20_000 + Math.floor(Math.random() * 10_000);; port = port < 30_000 ? port + 10 : 20_000) {
    try {
      Deno.listen({ hostname: "127.0.0.1", port }).close();
      return port;
    } catch {
      // taken: the next one
    }
  }
}
