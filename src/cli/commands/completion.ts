/**
 * `berth completion`: scripts that let a shell complete commands and flags.
 *
 * @module
 */

import { type FlagSpec, HELP_FLAG, UsageError } from "../arguments.ts";
import type { Command } from "../command.ts";
import { EXIT } from "../exit_codes.ts";

const SHELLS = ["bash", "zsh", "fish"] as const;

/** The command `completion`. */
export const completionCommand: Command = {
  name: "completion",
  summary: "Print a script that lets a shell complete commands and flags",
  details: `bash:  source <(berth completion bash)
zsh:   source <(berth completion zsh), after compinit
fish:  berth completion fish | source`,
  flags: [],
  positionals: { usage: "bash|zsh|fish", min: 1, max: 1, words: SHELLS },
  run({ positionals }, terminal, commands) {
    const [shell] = positionals;
    if (shell === "bash") terminal.out(bashScript(commands));
    else if (shell === "zsh") terminal.out(zshScript(commands));
    else if (shell === "fish") terminal.out(fishScript(commands));
    else throw new UsageError(`No completion for the shell "${shell}": expected ${SHELLS.join(", ")}`);
    return EXIT.ok;
  },
};

/** The words that may follow: for each beginning of a command line, `""` being the whole one. */
function wordsAfter(commands: readonly Command[]): ReadonlyMap<string, readonly string[]> {
  const after = new Map<string, string[]>([["", []]]);
  const add = (before: string, words: readonly string[]) => {
    const known = after.get(before) ?? [];
    after.set(before, [...known, ...words.filter((word) => !known.includes(word))]);
  };
  for (const { name, flags, positionals } of commands) {
    const [first = "", second] = name.split(" ");
    add("", [first]);
    if (second !== undefined) add(first, [second]);
    const names = commands.map((command) => command.name.split(" ")[0] ?? "");
    add(name, [...(name === "help" ? names : positionals?.words ?? []), ...[...flags, HELP_FLAG].map(flagWord)]);
    // What help is asked about is a command and nothing more.
    add(`help ${first}`, second === undefined ? [] : [second]);
    if (second !== undefined) add(`help ${name}`, []);
  }
  return after;
}

function flagWord({ name }: FlagSpec): string {
  return `-${name}`;
}

function flagsThatName(commands: readonly Command[], what: "file" | "folder" | undefined): readonly string[] {
  const flags = commands.flatMap(({ flags }) => flags).filter(({ value }) => value !== undefined);
  const names = flags.filter(({ completes }) => completes === what).map(flagWord);
  return [...new Set(names)].flatMap((name) => [name, `-${name}`]);
}

/** The arms of a shell's `case` over what has been typed, the longest first. */
function caseArms(commands: readonly Command[]): string {
  return [...wordsAfter(commands)].filter(([before]) => before !== "")
    .sort(([a], [b]) => b.length - a.length)
    .map(([before, words]) => `    "${before} "*) words="${words.join(" ")}" ;;`).join("\n");
}

/** Both dashes are taken; what is typed with two is completed with two. */
function wordsScript(commands: readonly Command[], defaultCommand: string): string {
  const after = wordsAfter(commands);
  const fallback = [...after.get("") ?? [], ...after.get(defaultCommand)?.filter((word) => word.startsWith("-")) ?? []];
  return `  case "$typed" in
${caseArms(commands)}
    *) words="${fallback.join(" ")}" ;;
  esac`;
}

/** Files and folders are left to bash: it knows how to quote them, and what may follow them. */
function bashScript(commands: readonly Command[]): string {
  return `# Completion of berth for bash: source it.
_berth() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD - 1]}" words typed
  typed="\${COMP_WORDS[*]:1:COMP_CWORD - 1} "
  COMPREPLY=()
  # -flag=value is three words here.
  if [ "$current" = = ]; then current=
  elif [ "$previous" = = ]; then previous="\${COMP_WORDS[COMP_CWORD - 2]}"
  fi
  case "$previous" in
    ${flagsThatName(commands, "file").join("|")}) compopt -o default; return ;;
    ${flagsThatName(commands, "folder").join("|")}) compopt -o dirnames; return ;;
    ${flagsThatName(commands, undefined).join("|")}) return ;;
  esac
${wordsScript(commands, "serve")}
  case "$current" in --*) words="\${words// -/ --}" ;; esac
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}
complete -F _berth berth`;
}

function zshScript(commands: readonly Command[]): string {
  return `#compdef berth
# Completion of berth for zsh: source it after compinit.
_berth() {
  local typed words_text previous="\${words[CURRENT-1]}"
  typed="\${words[2,CURRENT-1]} "
  if [[ "\${words[CURRENT]}" == -*=* ]]; then previous="\${words[CURRENT]%%=*}"; compset -P 1 '*='; fi
  case "$previous" in
    ${flagsThatName(commands, "file").join("|")}) _files; return ;;
    ${flagsThatName(commands, "folder").join("|")}) _files -/; return ;;
    ${flagsThatName(commands, undefined).join("|")}) return ;;
  esac
${wordsScript(commands, "serve").replaceAll('words="', 'words_text="')}
  case "\${words[CURRENT]}" in --*) words_text="\${words_text// -/ --}" ;; esac
  compadd -- \${=words_text}
}
compdef _berth berth`;
}

function fishScript(commands: readonly Command[]): string {
  const firsts = [...new Set(commands.map(({ name }) => name.split(" ")[0] ?? ""))];
  const lines = ["# Completion of berth for fish: source it.", "complete -c berth -f"];
  const none = `not __fish_seen_subcommand_from ${firsts.join(" ")}`;
  for (const { name, summary, flags, positionals } of commands) {
    const [first = "", second] = name.split(" ");
    const seen = second === undefined
      ? `__fish_seen_subcommand_from ${first}`
      : `__fish_seen_subcommand_from ${first}; and __fish_seen_subcommand_from ${second}`;
    lines.push(`complete -c berth -n ${quote(none)} -a ${first} -d ${quote(summary)}`);
    if (second !== undefined) {
      const open = `__fish_seen_subcommand_from ${first}; and not __fish_seen_subcommand_from ${second}`;
      lines.push(`complete -c berth -n ${quote(open)} -a ${second} -d ${quote(summary)}`);
    }
    for (const word of positionals?.words ?? []) lines.push(`complete -c berth -n ${quote(seen)} -a ${word}`);
    if (name === "help") {
      const others = firsts.filter((first) => first !== name);
      const open = `${seen}; and not __fish_seen_subcommand_from ${others.join(" ")}`;
      for (const word of firsts) lines.push(`complete -c berth -n ${quote(open)} -a ${word}`);
    }
    const when = name === "serve" ? `${seen}; or ${none}` : seen;
    for (const flag of [...flags, HELP_FLAG]) lines.push(fishFlag(flag, when));
  }
  return lines.join("\n");
}

function fishFlag({ name, value, completes, help }: FlagSpec, when: string): string {
  const takes = value === undefined ? "" : completes === undefined ? " -x" : " -rF";
  return `complete -c berth -n ${quote(when)} -o ${name} -l ${name}${takes} -d ${quote(help)}`;
}

function quote(text: string): string {
  return `'${text.replaceAll(/[\\']/g, "\\$&")}'`;
}
