/**
 * Pages in a real browser: Debian's Chromium, without a window, on a page of the test's own that tells what its script saw.
 *
 * @module
 */

/** The browser; null where there is none. */
export const CHROMIUM: string | null = ["chromium", "chromium-browser", "google-chrome"].find((program) => {
  try {
    return new Deno.Command(program, { args: ["--version"], stdout: "null", stderr: "null" }).outputSync().success;
  } catch {
    return false;
  }
}) ?? null;

/** How long a page may take before a test gives up, in milliseconds. */
const PATIENCE_MS = 30_000;

/** Serves pages and shows them. */
export interface PageServer extends AsyncDisposable {
  /** Where its pages are, as `host`, which need not exist: names below `example` lead the browser here. */
  urlOf(host: string): string;
  /** Opens a page of `host` whose script is the body of an async function, and resolves with what that returns, as JSON has it. */
  run(host: string, script: string): Promise<unknown>;
}

/** Starts the server; the browser starts with each page, and keeps nothing. */
export function servePages(): PageServer {
  const outcomes = new Map<string, PromiseWithResolvers<unknown>>();
  const scripts = new Map<string, string>();
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    const { pathname, searchParams } = new URL(request.url);
    const id = searchParams.get("id") ?? "";
    if (pathname === "/outcome") {
      outcomes.get(id)?.resolve(await request.json());
      return new Response();
    }
    const script = scripts.get(id);
    if (pathname !== "/page" || script === undefined) return new Response("", { status: 404 });
    return new Response(pageOf(id, script), { headers: { "content-type": "text/html; charset=utf-8" } });
  });
  const urlOf = (host: string) => `http://${host}:${server.addr.port}`;
  return {
    urlOf,
    async run(host, script) {
      if (CHROMIUM === null) throw new Error("there is no Chromium here");
      const id = crypto.randomUUID();
      const outcome = Promise.withResolvers<unknown>();
      scripts.set(id, script);
      outcomes.set(id, outcome);
      const folder = await Deno.makeTempDir({ prefix: "berth-browser-" });
      const browser = new Deno.Command(CHROMIUM, {
        args: [
          ...["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"],
          ...["--disable-dev-shm-usage", `--user-data-dir=${folder}`, "--remote-debugging-port=0"],
          ...["--no-proxy-server", "--host-resolver-rules=MAP *.example 127.0.0.1"],
          `${urlOf(host)}/page?id=${id}`,
        ],
        stdin: "null",
        stdout: "null",
        stderr: "null",
      }).spawn();
      const late = setTimeout(() => outcome.reject(new Error("the page said nothing")), PATIENCE_MS);
      const ended = browser.status.then(() =>
        outcome.reject(new Error("the browser ended before the page had spoken"))
      );
      try {
        return await outcome.promise;
      } finally {
        clearTimeout(late);
        browser.kill("SIGTERM");
        await ended;
        await removeFolder(folder);
      }
    },
    async [Symbol.asyncDispose]() {
      await server.shutdown();
    },
  };
}

/** The browser's other processes end a moment after it, and still write. */
async function removeFolder(folder: string): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    const isGone = await Deno.remove(folder, { recursive: true }).then(() => true, () => false);
    if (isGone) return;
    await new Deno.Command("true").output();
  }
}

function pageOf(id: string, script: string): string {
  return `<!DOCTYPE html><title>page</title><body><script type="module">
const outcome = await (async () => { ${script} })().catch((error) => ({ thrown: String(error) }));
await fetch("/outcome?id=${id}", { method: "POST", body: JSON.stringify(outcome ?? null) });
</script></body>`;
}
