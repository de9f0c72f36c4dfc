/**
 * `berth permissions`: the least `deno run` flags for a config.
 *
 * @module
 */

import type { Arguments } from "../arguments.ts";
import type { Command } from "../command.ts";
import { EXIT } from "../exit_codes.ts";
import { readServeOptions, SERVE_FLAGS } from "../flags.ts";
import { leastPermissions, permissionFlags } from "../least_permissions.ts";
import { loadFiles } from "../loading.ts";
import { quoteWords } from "../shell_words.ts";

/** The flags that one serves with: those of `serve` but the one that ends it at once. */
const FLAGS = SERVE_FLAGS.filter(({ name }) => name !== "version");

/** The command `permissions`. */
export const permissionsCommand: Command = {
  name: "permissions",
  summary: "Print the least permissions that serving a config takes, as a deno run and a deno compile line",
  details:
    `It takes the flags that you serve with. The lines hold for this config and these flags alone: after a change of them, print them anew. Backends are started by
way of sh, so that allowing sh allows what the config's commands do. A gateway whose own environment has a variable
LD_… (or DYLD_…) can run nothing by a list of programs: unset it there and set it in env of the models; the printed line
then has --allow-run without a list.`,
  flags: FLAGS,
  run(args, terminal) {
    const options = readServeOptions(args);
    const flags = permissionFlags(leastPermissions(loadFiles(options.config), options));
    const main = mainModule();
    terminal.out(quoteWords(["deno", "run", ...flags, main, ...serveArguments(args)]));
    terminal.out(quoteWords(["deno", "compile", ...flags, "--output", "dist/berth", main]));
    return EXIT.ok;
  },
};

/** The program's main module; a compiled one does not know where it came from. */
function mainModule(): string {
  const { protocol, pathname } = new URL("../../../main.ts", import.meta.url);
  return protocol === "file:" && !Deno.build.standalone ? decodeURIComponent(pathname) : "main.ts";
}

function serveArguments(args: Arguments): readonly string[] {
  const given = FLAGS.flatMap(({ name, value }) => {
    if (value === undefined) return args.has(name) ? [`-${name}`] : [];
    const text = args.value(name);
    return text === null || text === "" ? [] : [`-${name}`, text];
  });
  return ["serve", ...given];
}
