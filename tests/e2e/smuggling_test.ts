/**
 * Requests that two readers could take for different things, against the real gateway. Where the runtime refuses them, this
 * pins that it goes on to.
 *
 * @module
 */

import { assert, assertEquals, assertFalse, assertStringIncludes } from "@std/assert";
import { readEvents } from "./event_reader.ts";
import { fakeEngine, type RunningGateway, startGateway } from "./gateway.ts";
import { type RawAnswer, sendRaw } from "./raw_client.ts";

/** What must never be answered: it is inside of another request, or behind one that is refused. */
const HIDDEN = "GET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n";
/** A request that is meant, after which the gateway closes. */
const LAST = "GET /health HTTP/1.1\r\nHost: HOST\r\nConnection: close\r\n\r\n";
const CHUNKED = "Transfer-Encoding: chunked\r\n";

/** A chat request that would load a model if its body were right. */
function post(headers: string, body: string): string {
  return `POST /v1/chat/completions HTTP/1.1\r\nHost: HOST\r\n${headers}\r\n${body}`;
}

function get(headers: string): string {
  return `GET /v1/models HTTP/1.1\r\nHost: HOST\r\n${headers}\r\n`;
}

type Shapes = Readonly<Record<string, string>>;

/** One answer at most, 400, and the connection ends. */
const REFUSED: Shapes = {
  "a length and chunks": post(`Content-Length: 4\r\n${CHUNKED}`, `0\r\n\r\n${HIDDEN}`),
  "chunks and a length": post(`${CHUNKED}Content-Length: 900\r\n`, `5\r\nhello\r\n0\r\n\r\n${HIDDEN}`),
  "two lengths": post("Content-Length: 5\r\nContent-Length: 6\r\n", `hello${HIDDEN}`),
  "a list of two lengths": post("Content-Length: 5, 6\r\n", `hello${HIDDEN}`),
  "a list of the same length": post("Content-Length: 5, 5\r\n", `hello${HIDDEN}`),
  "a length with a sign": post("Content-Length: +5\r\n", `hello${HIDDEN}`),
  "a negative length": post("Content-Length: -5\r\n", `hello${HIDDEN}`),
  "a length in hexadecimal": post("Content-Length: 0x5\r\n", `hello${HIDDEN}`),
  "a length beyond 64 bits": post("Content-Length: 99999999999999999999999\r\n", `hello${HIDDEN}`),
  "a space before the colon of a length": post("Content-Length : 5\r\n", `hello${HIDDEN}`),
  "a space before the colon of an encoding": post("Transfer-Encoding : chunked\r\n", `0\r\n\r\n${HIDDEN}`),
  "an unknown encoding": post("Transfer-Encoding: xchunked\r\n", `0\r\n\r\n${HIDDEN}`),
  "an encoding in quotes": post('Transfer-Encoding: "chunked"\r\n', `0\r\n\r\n${HIDDEN}`),
  "an encoding behind a vertical tab": post("Transfer-Encoding: \x0bchunked\r\n", `0\r\n\r\n${HIDDEN}`),
  "identity beside a length": post("Transfer-Encoding: identity\r\nContent-Length: 5\r\n", `hello${HIDDEN}`),
  "chunked before another encoding": post("Transfer-Encoding: chunked, identity\r\n", `0\r\n\r\n${HIDDEN}`),
  "chunked twice": post(`${CHUNKED}${CHUNKED}`, `0\r\n\r\n${HIDDEN}`),
  "chunks in HTTP/1.0": post(CHUNKED, `0\r\n\r\n${HIDDEN}`).replace("HTTP/1.1", "HTTP/1.0"),
  "a chunk size that is no number": post(CHUNKED, `zz\r\nhello\r\n0\r\n\r\n${HIDDEN}`),
  "a chunk size with a prefix": post(CHUNKED, `0x5\r\nhello\r\n0\r\n\r\n${HIDDEN}`),
  "a chunk size with a sign": post(CHUNKED, `+5\r\nhello\r\n0\r\n\r\n${HIDDEN}`),
  "a chunk size beyond 64 bits": post(CHUNKED, `fffffffffffffffff\r\nhello\r\n0\r\n\r\n${HIDDEN}`),
  "a chunk that is longer than its size": post(CHUNKED, `3\r\nhello\r\n0\r\n\r\n${HIDDEN}`),
  "a chunk without its end": post(CHUNKED, `5\r\nhello0\r\n\r\n${HIDDEN}`),
  "a chunk without a size": post(CHUNKED, `\r\nhello\r\n0\r\n\r\n${HIDDEN}`),
  "chunks with bare line feeds": post(CHUNKED, `5\nhello\n0\n\n${HIDDEN}`),
  "a line feed in a chunk extension": post(CHUNKED, `5;a\nb\r\nhello\r\n0\r\n\r\n${HIDDEN}`),
  "a folded header": get("X-A: b\r\n c\r\n") + HIDDEN,
  "a folded encoding": post("Transfer-Encoding:\r\n chunked\r\n", `0\r\n\r\n${HIDDEN}`),
  "an encoding behind a bare line feed": get("X-A: b\nTransfer-Encoding: chunked\r\n") + HIDDEN,
  "a bare carriage return in a header": get("X-A: b\rX-B: c\r\n") + HIDDEN,
  "NUL in a header": get("X-A: b\0c\r\n") + HIDDEN,
  "NUL in a header's name": get("X\0A: b\r\n") + HIDDEN,
  "NUL in the target": `GET /v1/mod\0els HTTP/1.1\r\nHost: HOST\r\n\r\n${HIDDEN}`,
  "a header without a colon": get("nothing\r\n") + HIDDEN,
  "a header without a name": get(": b\r\n") + HIDDEN,
  "a space in a header's name": get("X A: b\r\n") + HIDDEN,
  "a header that begins with a space": `GET /v1/models HTTP/1.1\r\n X: y\r\nHost: HOST\r\n\r\n${HIDDEN}`,
  "two Host headers": get("Host: elsewhere\r\n") + HIDDEN,
  "HTTP/0.9": `GET /v1/models\r\n\r\n${HIDDEN}`,
  "HTTP/1.2": `GET /v1/models HTTP/1.2\r\nHost: HOST\r\n\r\n${HIDDEN}`,
  "a method that is none": `G@T /v1/models HTTP/1.1\r\nHost: HOST\r\n\r\n${HIDDEN}`,
  "a target that is none": `GET v1/models HTTP/1.1\r\nHost: HOST\r\n\r\n${HIDDEN}`,
  "tabs in the request line": `GET\t/v1/models\tHTTP/1.1\r\nHost: HOST\r\n\r\n${HIDDEN}`,
  "two spaces in the request line": `GET  /v1/models HTTP/1.1\r\nHost: HOST\r\n\r\n${HIDDEN}`,
  "a target of 100 kB": `GET /${"a".repeat(100_000)} HTTP/1.1\r\nHost: HOST\r\n\r\n${HIDDEN}`,
  "a header of 600 kB": get(`X-A: ${"a".repeat(600_000)}\r\n`) + HIDDEN,
  "200 headers": get(Array.from({ length: 200 }, (_, i) => `X-${i}: a\r\n`).join("")) + HIDDEN,
  "the start of a TLS handshake": "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
};

/** As many answers as requests are meant, with these statuses; what is inside of a body is none. */
const UNDERSTOOD: Readonly<Record<string, readonly [sent: string, ...statuses: readonly number[]]>> = {
  "the same length twice": [post("Content-Length: 5\r\nContent-Length: 5\r\n", `hello${LAST}`), 400, 200],
  "chunks": [post(CHUNKED, `5\r\nhello\r\n0\r\n\r\n${LAST}`), 400, 200],
  "chunks in capitals": [post("Transfer-Encoding: CHUNKED\r\n", `5\r\nhello\r\n0\r\n\r\n${LAST}`), 400, 200],
  "a chunk extension": [post(CHUNKED, `5;a=b\r\nhello\r\n0\r\n\r\n${LAST}`), 400, 200],
  "trailers that look like headers": [post(CHUNKED, `0\r\nContent-Length: 40\r\nHost: y\r\n\r\n${LAST}`), 400, 200],
  "a request in a body": [post(`Content-Length: ${HIDDEN.length}\r\n`, HIDDEN + LAST), 400, 200],
  "a request in the body of a GET": [get(`Content-Length: ${HIDDEN.length}\r\n`) + HIDDEN + LAST, 200, 200],
  "a request in the chunk of a GET": [
    `${get(CHUNKED)}${HIDDEN.length.toString(16)}\r\n${HIDDEN}\r\n0\r\n\r\n${LAST}`,
    ...[200, 200],
  ],
  "bare line feeds": ["GET /v1/models HTTP/1.1\nHost: HOST\n\n" + LAST, 200, 200],
  "empty lines before a request": [`\r\n\r\n${LAST}`, 200],
  "HTTP/1.0 without Host": ["GET /health HTTP/1.0\r\n\r\n", 200],
  "a target in absolute form": [`GET http://HOST/health HTTP/1.1\r\nHost: HOST\r\n\r\n${LAST}`, 200, 200],
  "pipelined requests": [get("") + get("") + LAST, 200, 200, 200],
  "a pipelined request behind a body": [post("Content-Length: 5\r\n", "hello") + LAST, 400, 200],
  "an expectation that is met": [post("Expect: 100-continue\r\nContent-Length: 5\r\n", `hello${LAST}`), 100, 400, 200],
  "an upgrade to HTTP/2 in plain text": [
    get("Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n") + LAST,
    ...[200, 200],
  ],
  "TRACE": [`TRACE /v1/models HTTP/1.1\r\nHost: HOST\r\nX-A: secret\r\n\r\n${LAST}`, 405, 200],
  "OPTIONS of everything": [`OPTIONS * HTTP/1.1\r\nHost: HOST\r\n\r\n${LAST}`, 204, 200],
  "a method in small letters": [`get /v1/models HTTP/1.1\r\nHost: HOST\r\n\r\n${LAST}`, 405, 200],
};

const CONFIG = (events: string) => `models:\n  a:\n    cmd: ${fakeEngine(`--model a --events ${events}`)}\n`;

/** Runs `act` beside a gateway in which nothing may be loaded and nothing may break. */
async function withUntouchedGateway(act: (gateway: RunningGateway) => Promise<void>): Promise<void> {
  const events = await Deno.makeTempFile();
  {
    await using gateway = await startGateway({ config: CONFIG(events) });
    await act(gateway);
    assertEquals((await (await fetch(`${gateway.url}/running`)).json()).running, []);
    assertFalse(/\[(WARN|ERROR)\]/.test(gateway.log()), gateway.log());
  }
  assertEquals(await readEvents(events), [], "no backend was started");
  await Deno.remove(events);
}

function send(gateway: RunningGateway, shape: string): Promise<readonly RawAnswer[]> {
  return sendRaw(gateway.url, shape.replaceAll("HOST", new URL(gateway.url).host));
}

function assertNothingHidden(answers: readonly RawAnswer[]): void {
  for (const { text } of answers) assertFalse(text.includes("/smuggled"), text);
}

Deno.test("a request that can be read in two ways gets one answer at most, and nothing behind it is read", async (t) => {
  await withUntouchedGateway(async (gateway) => {
    for (const [what, shape] of Object.entries(REFUSED)) {
      await t.step(what, async () => {
        const answers = await send(gateway, shape);
        assert(answers.length <= 1, JSON.stringify(answers));
        for (const { status } of answers) assertEquals(status, 400);
        assertNothingHidden(answers);
      });
    }
  });
});

Deno.test("what can be read in one way only is answered once for each request", async (t) => {
  await withUntouchedGateway(async (gateway) => {
    for (const [what, [shape, ...statuses]] of Object.entries(UNDERSTOOD)) {
      await t.step(what, async () => {
        const answers = await send(gateway, shape);
        assertEquals(answers.map(({ status }) => status), statuses, JSON.stringify(answers));
        assertNothingHidden(answers);
      });
    }
  });
});

Deno.test("a target of another host than the Host header's, or of another scheme, is refused", async () => {
  await withUntouchedGateway(async (gateway) => {
    for (const target of ["http://elsewhere/v1/models", "http://user@HOST/v1/models", "ftp://HOST/v1/models"]) {
      const answers = await send(gateway, `GET ${target} HTTP/1.1\r\nHost: HOST\r\n\r\n${LAST}`);
      assertEquals(answers.map(({ status }) => status), [400, 200], target);
    }
  });
});

Deno.test("an encoding of the body that nobody decodes is refused", async () => {
  await withUntouchedGateway(async (gateway) => {
    const answers = await send(gateway, post("Transfer-Encoding: gzip, chunked\r\n", `0\r\n\r\n${LAST}`));
    assertEquals(answers.map(({ status }) => status), [400, 200]);
  });
});

Deno.test("CONNECT opens no tunnel, and what is sent behind it is not read as a request", async () => {
  await withUntouchedGateway(async (gateway) => {
    for (const headers of ["", "Content-Length: 3\r\n"]) {
      const answers = await send(
        gateway,
        `CONNECT elsewhere:80 HTTP/1.1\r\nHost: elsewhere:80\r\n${headers}\r\n${HIDDEN}`,
      );
      assertEquals(answers.map(({ status }) => status), [405]);
      assertStringIncludes(answers[0]?.text ?? "", "tunnels");
      assertNothingHidden(answers);
    }
  });
});
