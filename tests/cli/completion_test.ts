import { assertEquals, assertFalse, assertStringIncludes } from "@std/assert";
import { COMMANDS } from "../../src/cli/commands.ts";
import { run } from "./fake_terminal.ts";

function has(program: string): boolean {
  try {
    return new Deno.Command(program, { args: ["--version"], stdout: "null", stderr: "null" }).outputSync().success;
  } catch {
    return false;
  }
}

async function output(program: string, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command(program, { args }).output();
  assertEquals([code, new TextDecoder().decode(stderr)], [0, ""]);
  return new TextDecoder().decode(stdout);
}

/** What bash offers for the last of these words, which are as bash splits them: words, and `compopt` for what it finds itself. */
async function completeInBash(...words: string[]): Promise<readonly string[]> {
  const { out: script } = await run(["completion", "bash"]);
  const typed = words.map((word) => `'${word}'`).join(" ");
  const noted = `compopt() { printf 'compopt %s\\n' "$*"; }`;
  const ask = `COMP_WORDS=(berth ${typed}); COMP_CWORD=${words.length}; _berth; printf '%s\\n' "\${COMPREPLY[@]}"`;
  return (await output("bash", "-c", `${script}\n${noted}\n${ask}`)).split("\n").filter((word) => word !== "");
}

Deno.test({
  name: "bash reads its completion script without a word, and completes commands, second words and flags",
  ignore: !has("bash"),
  async fn() {
    const { out: script } = await run(["completion", "bash"]);
    await output("bash", "-n", "-c", script);
    assertEquals(await completeInBash("ch"), ["check"]);
    assertEquals(await completeInBash("config", ""), ["explain"]);
    assertEquals(await completeInBash("config", "explain", "-config-"), ["-config-dir"]);
    assertEquals(await completeInBash("check", "--st"), ["--strict"]);
    assertEquals(await completeInBash("logs", "up"), ["upstream"]);
    assertEquals(await completeInBash("-li"), ["-listen"]);
    const firsts = new Set(COMMANDS.map(({ name }) => name.split(" ")[0]));
    assertEquals((await completeInBash("")).filter((word) => !word.startsWith("-")), [...firsts]);
  },
});

Deno.test({
  name: "bash completes after help one command: all names first, then the second word of one that has two",
  ignore: !has("bash"),
  async fn() {
    const firsts = new Set(COMMANDS.map(({ name }) => name.split(" ")[0]));
    assertEquals((await completeInBash("help", "")).filter((word) => !word.startsWith("-")), [...firsts]);
    assertEquals(await completeInBash("help", "config", ""), ["explain"]);
    assertEquals(await completeInBash("help", "config", "explain", ""), []);
    assertEquals(await completeInBash("help", "check", ""), []);
  },
});

Deno.test({
  name: "the values of flags are files, folders or nothing that bash knows, whether = or a blank is before them",
  ignore: !has("bash"),
  async fn() {
    const [file, folder] = [["compopt -o default"], ["compopt -o dirnames"]];
    for (const value of ["", "sec", '"a b', "a\\ b"]) {
      assertEquals(await completeInBash("check", "-config", value), file, value);
      assertEquals(await completeInBash("check", "-config", "=", value), file, value);
      assertEquals(await completeInBash("--tls-key-file", "=", value), file, value);
      assertEquals(await completeInBash("-config-dir", value), folder, value);
    }
    assertEquals(await completeInBash("check", "-config", "="), file);
    assertEquals(await completeInBash("serve", "--config-dir", "="), folder);
    assertEquals(await completeInBash("serve", "-listen", ""), []);
    assertEquals(await completeInBash("-listen", "=", ""), []);
  },
});

Deno.test({
  name: "in a terminal bash writes a file with blanks as one word, and a folder with its slash",
  ignore: !has("bash") || !has("script"),
  async fn() {
    const folder = await Deno.makeTempDir({ prefix: "berth-completion-" });
    await Deno.mkdir(`${folder}/sub`);
    await Deno.writeTextFile(`${folder}/my config.yaml`, "");
    const { out: script } = await run(["completion", "bash"]);
    // The words are told by a function with the program's name.
    await Deno.writeTextFile(`${folder}/rc`, `PS1=\nberth() { printf '<%s>' "$@"; echo; }\n${script}\n`);
    const child = new Deno.Command("script", {
      args: ["-qec", "exec bash --noprofile --rcfile rc -i", "/dev/null"],
      cwd: folder,
      env: { TERM: "dumb", INPUTRC: "/dev/null" },
      stdin: "piped",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    const writer = child.stdin.getWriter();
    const lines = ["-config my\t", "-config=my\t", '-config "my\t', "-config-dir s\tx", "-config s\tx"];
    for (const line of lines) await writer.write(new TextEncoder().encode(`berth ${line}\r`));
    await writer.write(new TextEncoder().encode("exit\r"));
    const { stdout } = await child.output();
    await writer.close().catch(() => {});
    const told = [...new TextDecoder().decode(stdout).matchAll(/^(?:<[^>\n]*>)+/gm)].map(([words]) => words);
    assertEquals(told, [
      "<-config><my config.yaml>",
      "<-config=my config.yaml>",
      "<-config><my config.yaml>",
      "<-config-dir><sub/x>",
      "<-config><sub/x>",
    ]);
    await Deno.remove(folder, { recursive: true });
  },
});

Deno.test({
  name: "zsh reads its completion script",
  ignore: !has("zsh"),
  async fn() {
    const { out: script } = await run(["completion", "zsh"]);
    assertEquals(
      await output("zsh", "-f", "-c", `autoload -U compinit; compinit -D\n${script}\nwhence -w _berth`),
      "_berth: function\n",
    );
  },
});

Deno.test({
  name: "fish reads its completion script and completes commands, second words and flags",
  ignore: !has("fish"),
  async fn() {
    const { out: script } = await run(["completion", "fish"]);
    const complete = (line: string) =>
      output("fish", "--no-config", "-c", `${script}\ncomplete -C ${JSON.stringify(line)}`);
    assertStringIncludes(await complete("berth ch"), "check\t");
    assertStringIncludes(await complete("berth config "), "explain\t");
    assertStringIncludes(await complete("berth check -st"), "-strict\t");
    assertStringIncludes(await complete("berth logs "), "upstream");
    assertStringIncludes(await complete("berth help "), "check");
    assertStringIncludes(await complete("berth help config "), "explain");
    assertFalse((await complete("berth help config ")).includes("check"));
  },
});
