import { assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import { GatewayError } from "../../../src/errors.ts";
import { UpstreamClient } from "../../../src/gateway/upstream/client.ts";

Deno.test("a body that is cut short is an error, and a cancelled one closes the backend's socket", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const client = new UpstreamClient({ baseUrl: `http://127.0.0.1:${listener.addr.port}` });
  const answer = new TextEncoder().encode("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc");
  for (const isCut of [true, false]) {
    const sending = client.send({ method: "POST", path: "/", headers: [], body: new Uint8Array([1]) });
    const socket = await listener.accept();
    await socket.read(new Uint8Array(1024));
    await socket.write(answer);
    const reader = (await sending).body?.getReader();
    assertEquals(new TextDecoder().decode((await reader?.read())?.value), "abc");
    if (isCut) {
      socket.close();
      const error = await assertRejects(() => reader?.read() ?? Promise.resolve());
      assertInstanceOf(error, GatewayError);
      assertEquals(error.code, "backend_lost");
    } else {
      await reader?.cancel();
      assertEquals(await socket.read(new Uint8Array(1)).catch(() => null), null);
      socket.close();
    }
  }
  client.close();
  listener.close();
});
