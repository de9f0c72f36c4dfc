/**
 * A real nginx with the configuration of docs/nginx.conf, on free ports.
 *
 * @module
 */

import { freePort } from "../fakes/free_port.ts";

/** A running nginx. */
export interface RunningNginx extends AsyncDisposable {
  /** `https://127.0.0.1:PORT`. */
  readonly url: string;
  /** Its port. */
  readonly port: number;
  /** The certificate to trust. */
  readonly certificate: string;
}

/** What of the documented configuration is another in a test. */
export interface NginxOptions {
  /** Where requests go: `127.0.0.1:PORT` or `unix:PATH`. */
  readonly upstream: string;
  /** More replacements, each of a text that must be there. */
  readonly changes?: Readonly<Record<string, string>>;
}

const DOCUMENTED = new URL("../../docs/nginx.conf", import.meta.url);
const TLS = new URL("../fixtures/tls/", import.meta.url).pathname;
const DEBIANS_PLACE = "/usr/sbin/nginx";

/** The program; `null` where there is none. */
export const NGINX: string | null = ["nginx", DEBIANS_PLACE].find((program) => {
  try {
    return new Deno.Command(program, { args: ["-v"], stdout: "null", stderr: "null" }).outputSync().success;
  } catch {
    return false;
  }
}) ?? null;

/** The documented configuration as it is. */
export function documentedConfig(): Promise<string> {
  return Deno.readTextFile(DOCUMENTED);
}

/** Starts nginx and resolves when it answers. */
export async function startNginx({ upstream, changes = {} }: NginxOptions): Promise<RunningNginx> {
  if (NGINX === null) throw new Error("there is no nginx here");
  const folder = await Deno.makeTempDir({ prefix: "berth-nginx-" });
  const port = freePort();
  const site = replaceAll(await documentedConfig(), {
    "server 127.0.0.1:8080;": `server ${upstream};`,
    "listen 443 ssl http2;": `listen 127.0.0.1:${port} ssl http2;`,
    "/etc/ssl/berth.pem": `${TLS}cert.pem`,
    "/etc/ssl/berth.key": `${TLS}key.pem`,
    ...changes,
  });
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((what) => `${what}_temp_path ${folder}/${what};`).join(" ");
  await Deno.writeTextFile(`${folder}/site.conf`, site);
  await Deno.writeTextFile(
    `${folder}/nginx.conf`,
    `daemon off; master_process off; pid ${folder}/pid; events { }\n` +
      `http { access_log off; ${temporary} include ${folder}/site.conf; }\n`,
  );
  const args = ["-p", folder, "-c", `${folder}/nginx.conf`, "-e", `${folder}/error.log`];
  const child = new Deno.Command(NGINX, { args, stdout: "null", stderr: "null" }).spawn();
  let hasEnded = false;
  child.status.then(() => hasEnded = true);
  while (!await isListening(port)) {
    if (hasEnded) throw new Error(`nginx ended:\n${await Deno.readTextFile(`${folder}/error.log`)}`);
    await new Deno.Command("true").output();
  }
  return {
    url: `https://127.0.0.1:${port}`,
    port,
    certificate: await Deno.readTextFile(`${TLS}cert.pem`),
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM");
      await child.status;
      await Deno.remove(folder, { recursive: true });
    },
  };
}

function replaceAll(text: string, changes: Readonly<Record<string, string>>): string {
  for (const [from, to] of Object.entries(changes)) {
    if (!text.includes(from)) throw new Error(`docs/nginx.conf has no "${from}"`);
    text = text.replaceAll(from, to);
  }
  return text;
}

async function isListening(port: number): Promise<boolean> {
  try {
    (await Deno.connect({ hostname: "127.0.0.1", port })).close();
    return true;
  } catch {
    return false;
  }
}
