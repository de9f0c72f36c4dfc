/**
 * The watchdog: a small shell in a session of its own that ends every backend when the gateway is gone (G3).
 *
 * It learns the process groups over its standard input and reads end-of-file when the gateway ends, however that happens.
 *
 * @module
 */

import type { Clock } from "../clock.ts";
import { background, type Log } from "../log.ts";
import { killUntilGone } from "./process_group.ts";

/** Environment variable that marks a backend with the process id of its gateway. */
export const GATEWAY_MARK = "BERTH_GATEWAY";

const WATCH_SCRIPT = `
trap '' INT TERM HUP
groups=
while read -r line; do
  id=\${line#?}
  case $line in
    +*) groups="$groups $id" ;;
    -*) kept=; for group in $groups; do [ "$group" = "$id" ] || kept="$kept $group"; done; groups=$kept ;;
  esac
done
for group in $groups; do kill -s TERM -- "-$group" 2>/dev/null; done
for round in 1 2 3 4 5; do
  alive=
  for group in $groups; do kill -s 0 -- "-$group" 2>/dev/null && alive=1; done
  [ -n "$alive" ] || exit 0
  sleep 0.1
done
for group in $groups; do kill -s KILL -- "-$group" 2>/dev/null; done`;

/** Finds marked processes whose gateway is no longer alive, and ends their groups. Linux only, best effort. */
const SWEEP_SCRIPT = `
for file in $(grep -lzs "^$1=" /proc/[0-9]*/environ 2>/dev/null); do
  folder=\${file%/environ}
  owner=$(tr '\\0' '\\n' < "$file" 2>/dev/null | sed -n "s/^$1=//p" | head -n 1)
  case $owner in ''|*[!0-9]*) continue ;; esac
  # A gateway that nobody has reaped yet still takes signals: its state tells.
  if { read -r line < "/proc/$owner/stat"; } 2>/dev/null; then
    set -- "$1" \${line##*) }
    case $2 in Z|X) ;; *) continue ;; esac
  fi
  { read -r line < "$folder/stat"; } 2>/dev/null || continue
  set -- "$1" \${line##*) }
  kill -s KILL -- "-$4" 2>/dev/null && echo "$4"
done`;

/** Knows the groups that must not outlive the gateway. */
export class Watchdog {
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #groups = new Set<number>();
  readonly #encoder = new TextEncoder();
  #child: Deno.ChildProcess | null = null;
  #writer: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>> | null = null;
  #swept: Promise<void> | null = null;
  #closed = false;

  /** Starts nothing yet. */
  constructor({ log, clock }: { readonly log: Log; readonly clock: Clock }) {
    this.#log = log;
    this.#clock = clock;
  }

  /** Ends what an earlier gateway left behind; done once, before the first backend. */
  sweep(): Promise<void> {
    this.#swept ??= this.#sweep();
    return this.#swept;
  }

  /** Makes a group the watchdog's; when this resolves the group cannot outlive the gateway. */
  async add(group: number): Promise<void> {
    this.#groups.add(group);
    await this.#tell(`+${group}\n`);
  }

  /** Takes a group back that has no member any more. */
  remove(group: number): void {
    if (this.#groups.delete(group)) background(this.#log, "watchdog", this.#tell(`-${group}\n`));
  }

  /** Lets the watchdog end; it would kill the groups that it still knows. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#writer?.close().catch(() => {});
    await this.#child?.status;
  }

  async #tell(line: string): Promise<void> {
    if (this.#closed) return;
    const writer = this.#writer ?? this.#start();
    try {
      await writer.write(this.#encoder.encode(line));
    } catch {
      // It was killed: another one takes over and is told every group, this line's among them.
      if (this.#writer === writer) await this.#startAgain();
    }
  }

  async #startAgain(): Promise<void> {
    this.#log.warn("The watchdog ended by itself and is started again");
    const broken = this.#writer;
    const writer = this.#start(); // before any await: only one takes over, whoever finds out first
    await broken?.abort().catch(() => {});
    await writer.write(this.#encoder.encode([...this.#groups].map((group) => `+${group}\n`).join("")));
  }

  #start(): WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>> {
    const child = new Deno.Command("sh", {
      args: ["-c", WATCH_SCRIPT],
      stdin: "piped",
      stdout: "null",
      stderr: "null",
      detached: true,
    }).spawn();
    const writer = child.stdin.getWriter();
    this.#child = child;
    this.#writer = writer;
    background(this.#log, "watchdog", child.status.then(() => this.#ended(child)));
    return writer;
  }

  /** A watchdog that was killed is replaced and told what the one before knew. */
  async #ended(child: Deno.ChildProcess): Promise<void> {
    if (this.#closed || this.#child !== child) return;
    await this.#startAgain();
  }

  async #sweep(): Promise<void> {
    if (Deno.build.os !== "linux") return;
    const { stdout } = await new Deno.Command("sh", {
      args: ["-c", SWEEP_SCRIPT, "sh", GATEWAY_MARK],
      stdin: "null",
      stdout: "piped",
      stderr: "null",
    }).output();
    const groups = new Set(new TextDecoder().decode(stdout).split("\n").filter((line) => line !== "").map(Number));
    await Promise.all([...groups].map((group) => killUntilGone(group, this.#clock)));
    if (groups.size > 0) {
      this.#log.warn(`Ended process groups that an earlier gateway left: ${[...groups].join(", ")}`);
    }
  }
}
