/** The part of `@sinonjs/fake-timers` that this stand-in calls; the package ships no types. */

export interface InstalledClock {
  now: number;
  tick(ms: number): number;
  next(): number;
  countTimers(): number;
  uninstall(): void;
}

export interface InstallOptions {
  now: number;
  toFake: ("Date" | "setTimeout" | "clearTimeout" | "setInterval" | "clearInterval")[];
  loopLimit: number;
}

export function install(options: InstallOptions): InstalledClock;
