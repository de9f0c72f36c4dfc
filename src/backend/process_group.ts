/**
 * Process groups: signals, and whether any member is left.
 *
 * @module
 */

import type { Clock } from "../clock.ts";

/** Sends a signal to every member; false when there is none. */
export function signalGroup(group: number, signal: Deno.Signal): boolean {
  if (!maySignal()) return signalThroughShell(group, signal);
  try {
    Deno.kill(-group, signal);
    return true;
  } catch {
    return false;
  }
}

let signalsAllowed: boolean | undefined;

/** The runtime lets a program send signals only when it may run everything; asked once, for the answer cannot change. */
function maySignal(): boolean {
  return signalsAllowed ??= Deno.permissions.querySync({ name: "run" }).state === "granted";
}

/** For a gateway that may run a list of programs, `sh` among them. Takes about 1 ms, in which nothing else happens. */
function signalThroughShell(group: number, signal: Deno.Signal): boolean {
  try {
    const { success } = new Deno.Command("sh", {
      args: ["-c", 'kill -s "$1" -- "-$2"', "sh", signal.replace(/^SIG/, ""), String(group)],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).outputSync();
    return success;
  } catch {
    return false;
  }
}

/** Tells by the kernel alone whether a group has members, zombies counted. */
function mayHaveMembers(group: number): boolean {
  // Signal 0 is not in Deno's list of names; SIGCONT does nothing to processes that run.
  return signalGroup(group, "SIGCONT");
}

/** Exit code 0 when a member that is not a zombie is left. */
const MEMBERS_SCRIPT = `
if [ -r /proc/1/stat ]; then
  for file in /proc/[0-9]*/stat; do
    { read -r line < "$file"; } 2>/dev/null || continue
    set -- "$1" \${line##*) }
    [ "$4" = "$1" ] && [ "$2" != Z ] && exit 0
  done
  exit 1
fi
ps -A -o pgid=,stat= | while read -r pgid stat; do
  [ "$pgid" = "$1" ] && case $stat in Z*) ;; *) echo alive ;; esac
done | grep -q alive`;

/** How long the kernel's word is taken before zombies are told apart, in milliseconds. */
const ZOMBIE_DOUBT_MS = 50;

/** Sends SIGKILL to a group until no member is left that is not a zombie. */
export async function killUntilGone(group: number, clock: Clock): Promise<void> {
  const startedAt = clock.now();
  for (let pauseMs = 2; mayHaveMembers(group); pauseMs = Math.min(pauseMs * 2, 250)) {
    signalGroup(group, "SIGKILL");
    await new Promise<void>((resolve) => clock.after(pauseMs, resolve));
    if (clock.now() - startedAt > ZOMBIE_DOUBT_MS && !await hasLivingMembers(group)) return;
  }
}

async function hasLivingMembers(group: number): Promise<boolean> {
  try {
    const { code } = await new Deno.Command("sh", {
      args: ["-c", MEMBERS_SCRIPT, "sh", String(group)],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).output();
    return code === 0;
  } catch {
    return mayHaveMembers(group);
  }
}
