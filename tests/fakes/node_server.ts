/**
 * Starts Node's own HTTP server as a child process: what it does was decided by nobody here.
 *
 * @module
 */

/** What the server is to answer; sent as the JSON of the header `x-answer`. */
export interface NodeAnswer {
  readonly status: number;
  /** "close": the end of the connection ends the body. */
  readonly framing: "length" | "chunked" | "close";
  /** The sizes of the chunks, again and again. */
  readonly chunks: readonly number[];
  readonly trailers: boolean;
  /** How many informational answers come first. */
  readonly hints: number;
}

/** A running server; leaving the scope ends it. */
export interface NodeServer extends AsyncDisposable {
  readonly baseUrl: string;
}

/** Whether there is a Node to run. */
export function hasNode(): boolean {
  try {
    return new Deno.Command("node", { args: ["--version"], stdout: "null", stderr: "null" }).outputSync().success;
  } catch {
    return false;
  }
}

/** Resolves when the server listens; over https with the tests' certificate. */
export async function startNodeServer(transport: "http" | "https" = "http"): Promise<NodeServer> {
  const fileOf = (path: string) => new URL(path, import.meta.url).pathname;
  const tls = ["../fixtures/tls/cert.pem", "../fixtures/tls/key.pem"].map(fileOf);
  const args = [fileOf("node_server.mjs"), ...(transport === "https" ? tls : [])];
  const child = new Deno.Command("node", { args, stdin: "piped", stdout: "piped", stderr: "inherit" })
    .spawn();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const port = Number((await reader.read()).value);
  return {
    baseUrl: `${transport}://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      await child.stdin.close();
      await reader.cancel();
      await child.status;
    },
  };
}
