/**
 * Whether a backend's port is free, and who holds it if not.
 *
 * @module
 */

import { GatewayError } from "../errors.ts";
import type { BackendSpec } from "./types.ts";

/**
 * Makes sure that nothing answers on the backend's port before it is started, for ports of this machine.
 *
 * @throws {GatewayError} `start_failed` whose detail names the program that answers, where it can be found out.
 */
export async function requireFreePort(spec: BackendSpec): Promise<void> {
  const { hostname, port } = new URL(spec.proxy);
  const host = hostname.replace(/^\[|\]$/g, "");
  if (port === "" || !(host === "localhost" || host === "::1" || /^127\./.test(host))) return;
  try {
    const socket = await Deno.connect({ hostname: host, port: Number(port) });
    socket.close();
  } catch {
    return;
  }
  throw new GatewayError(
    "start_failed",
    `The model ${JSON.stringify(spec.model)} failed to start: another program answers on its port`,
    { detail: `Port ${port} is answered by ${await ownerOf(Number(port))}` },
  );
}

/** Linux only: the inode of the listening socket, then the process that has it open. */
const OWNER_SCRIPT = `
hex=$(printf '%04X' "$1")
inode=$(cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | while read -r _ local _ st _ _ _ _ _ ino _; do
  [ "$st" = 0A ] && [ "\${local##*:}" = "$hex" ] && { echo "$ino"; break; }
done)
[ -n "$inode" ] || exit 1
for fd in /proc/[0-9]*/fd/*; do
  if [ "$(readlink "$fd" 2>/dev/null)" = "socket:[$inode]" ]; then
    pid=\${fd#/proc/}; pid=\${pid%%/*}
    read -r name < "/proc/$pid/comm"
    echo "$name (pid $pid)"
    exit 0
  fi
done
exit 1`;

async function ownerOf(port: number): Promise<string> {
  try {
    const { success, stdout } = await new Deno.Command("sh", {
      args: ["-c", OWNER_SCRIPT, "sh", String(port)],
      stdin: "null",
      stdout: "piped",
      stderr: "null",
    }).output();
    if (success) return new TextDecoder().decode(stdout).trim();
  } catch {
    // without sh nobody can be named
  }
  return "a program that could not be identified";
}
