/**
 * `berth permissions`: the least `deno run` flags for a config.
 *
 * @module
 */

import type { Command } from "../command.ts";
import { EXIT } from "../exit_codes.ts";
import { CONFIG_FLAGS, LISTEN_FLAGS, readServeOptions, type ServeOptions } from "../flags.ts";
import { leastPermissions, permissionFlags } from "../least_permissions.ts";
import { loadFiles } from "../loading.ts";
import { quoteWords } from "../shell_words.ts";

/** The command `permissions`. */
export const permissionsCommand: Command = {
  name: "permissions",
  summary: "Print the least permissions that serving a config takes, as a deno run and a deno compile line",
  details:
    `The lines hold for this config and these flags alone: after a change of them, print them anew. Backends are started by
way of sh, so that allowing sh allows what the config's commands do. A gateway whose own environment has a variable
LD_… (or DYLD_…) can run nothing by a list of programs: unset it there and set it in env of the models; the printed line
then has --allow-run without a list.`,
  flags: [...CONFIG_FLAGS, ...LISTEN_FLAGS],
  run(args, terminal) {
    const options = readServeOptions(args);
    const flags = permissionFlags(leastPermissions(loadFiles(options.config), options));
    const main = mainModule();
    terminal.out(quoteWords(["deno", "run", ...flags, main, ...serveArguments(options, args.value("listen"))]));
    terminal.out(quoteWords(["deno", "compile", ...flags, "--output", "dist/berth", main]));
    return EXIT.ok;
  },
};

/** The program's main module; a compiled one does not know where it came from. */
function mainModule(): string {
  const { protocol, pathname } = new URL("../../../main.ts", import.meta.url);
  return protocol === "file:" && !Deno.build.standalone ? decodeURIComponent(pathname) : "main.ts";
}

function serveArguments({ config, tls }: ServeOptions, listen: string | null): readonly string[] {
  const given: readonly (readonly [string, string | null | undefined])[] = [
    ["-config", config.file],
    ["-config-dir", config.dir],
    ["-listen", listen],
    ["-tls-cert-file", tls?.certFile],
    ["-tls-key-file", tls?.keyFile],
  ];
  return ["serve", ...given.flatMap(([flag, value]) => value ? [flag, value] : [])];
}
