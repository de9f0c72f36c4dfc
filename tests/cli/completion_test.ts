import { assert, assertEquals, assertStringIncludes } from "@std/assert";
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

/** What bash offers for the last of these words. */
async function completeInBash(...words: string[]): Promise<readonly string[]> {
  const { out: script } = await run(["completion", "bash"]);
  const typed = words.map((word) => `'${word}'`).join(" ");
  const ask = `COMP_WORDS=(berth ${typed}); COMP_CWORD=${words.length}; _berth; printf '%s\\n' "\${COMPREPLY[@]}"`;
  return (await output("bash", "-c", `${script}\n${ask}`)).split("\n").filter((word) => word !== "");
}

Deno.test({
  name: "bash reads its completion script without a word, and completes commands, second words, flags and their files",
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
    assertEquals(await completeInBash("check", "-config", "/etc/host"), await completeInBash("-config", "/etc/host"));
    assert((await completeInBash("check", "-config", "/etc/pass")).includes("/etc/passwd"));
    const firsts = new Set(COMMANDS.map(({ name }) => name.split(" ")[0]));
    assertEquals((await completeInBash("")).filter((word) => !word.startsWith("-")), [...firsts]);
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
  },
});
