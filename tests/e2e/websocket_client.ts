/**
 * A websocket as the runtime's own client speaks it, for tests that wait for what it tells.
 *
 * @module
 */

/** The next event of a kind. */
export function eventOf<Type extends keyof WebSocketEventMap>(
  socket: WebSocket,
  type: Type,
): Promise<WebSocketEventMap[Type]> {
  return new Promise((resolve) => socket.addEventListener(type, resolve, { once: true }));
}

/** Opens one at a path of the gateway; `options` are sub-protocols, or what Deno knows besides. Rejects when it is refused. */
export async function openSocket(
  url: string,
  path: string,
  options: string[] | { readonly headers: Readonly<Record<string, string>>; readonly protocols?: string[] } = [],
): Promise<WebSocket> {
  const socket = new WebSocket(url.replace("http", "ws") + path, options);
  socket.binaryType = "arraybuffer";
  const closed = eventOf(socket, "close");
  const opened = await Promise.race([eventOf(socket, "open"), closed]);
  if (opened.type === "close") throw new Error(`The websocket ${path} was refused`);
  return socket;
}

/** Sends a message and waits for the next one that comes back. */
export async function askSocket(socket: WebSocket, message: string | Uint8Array<ArrayBuffer>): Promise<unknown> {
  const answer = eventOf(socket, "message");
  socket.send(message);
  return (await answer).data;
}

/** Closes it, and waits until it is closed; how it was. */
export async function closeSocket(
  socket: WebSocket,
  code?: number,
  reason?: string,
): Promise<readonly [number, string]> {
  const closed = eventOf(socket, "close");
  socket.close(code, reason);
  const event = await closed;
  return [event.code, event.reason];
}
