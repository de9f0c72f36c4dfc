/**
 * The probes that ask a real backend.
 *
 * @module
 */

/** Asks by one GET on a connection of its own; redirects are not followed. */
export async function httpProbe(url: string, signal: AbortSignal): Promise<number> {
  const response = await fetch(url, { redirect: "manual", headers: { connection: "close" }, signal });
  await response.body?.cancel();
  return response.status;
}

/** Says 200 when the URL's port accepts a connection. */
export async function connectProbe(url: string, signal: AbortSignal): Promise<number> {
  const { hostname, port, protocol } = new URL(url);
  const socket = await Deno.connect({
    hostname: hostname.replace(/^\[|\]$/g, ""),
    port: Number(port || (protocol === "https:" ? 443 : 80)),
    signal,
  });
  socket.close();
  return 200;
}
