/**
 * A connection after `101 Switching Protocols`: raw bytes in both directions.
 *
 * @module
 */

import { GatewayError } from "../../errors.ts";
import type { Connection } from "./connection.ts";
import type { UpstreamTunnel } from "./message.ts";

/** Takes over `connection`; `first` came together with the head of the answer, `name` is the backend's in messages. */
export function openTunnel(
  connection: Connection,
  first: Uint8Array | null,
  { name, onClosed }: { readonly name: string; readonly onClosed: () => void },
): UpstreamTunnel {
  const lost = (cause: unknown): never => {
    throw new GatewayError("backend_lost", `${name} broke off`, { cause });
  };
  let ahead = first;
  return {
    async read() {
      if (ahead !== null) {
        const bytes = ahead;
        ahead = null;
        return bytes;
      }
      const count = await connection.read().catch(lost);
      return count === null ? null : connection.keep(connection.view(count));
    },
    async write(bytes) {
      for (let at = 0; at < bytes.length;) at += await connection.write(bytes.subarray(at)).catch(lost);
    },
    async closeWrite() {
      await connection.closeWrite().catch(lost);
    },
    close() {
      onClosed();
      connection.close();
    },
  };
}
