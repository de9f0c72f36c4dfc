/**
 * The file of a unix socket: who may use it, what to do with one that is there already, and what one must be allowed.
 *
 * @module
 */

import { ListenError } from "./listen_address.ts";
import { isGranted } from "./permissions.ts";
import { quoteWord } from "./shell_words.ts";

/** Owner and group may connect; whoever is in neither may not. */
const MODE = 0o660;

/** The flags of `deno run` that are missing for a program to use the socket, in words for a shell; empty when none is. */
export function missingForSocket(path: string): string {
  const wanted: readonly Deno.PermissionDescriptor[] = [
    { name: "net", host: `unix:${path}` },
    { name: "read", path },
    { name: "write", path },
  ];
  return wanted.filter((one) => !isGranted(one)).map(({ name }) =>
    quoteWord(`--allow-${name}=${name === "net" ? "unix:" : ""}${path}`)
  ).join(" ");
}

/**
 * Makes sure that a socket can be made at `path`: one that nobody listens on any more, as a program leaves it that was
 * killed, is removed.
 *
 * @throws {ListenError} when something else is there, or somebody listens.
 */
export async function claimSocket(path: string): Promise<void> {
  const missing = missingForSocket(path);
  if (missing !== "") {
    throw new ListenError(`Cannot listen on unix:${path}: this process may not; run it with ${missing} besides`);
  }
  const there = await lookAt(path);
  if (there === null) return;
  if (!there.isSocket) {
    throw new ListenError(`Cannot listen on unix:${path}: what is there is no socket, and is left alone`);
  }
  if (await isAnswered(path)) {
    throw new ListenError(`Cannot listen on unix:${path}: another program listens there`);
  }
  await tryTo(path, () => Deno.remove(path));
}

/**
 * Lets the owner and the group of the socket connect.
 *
 * @throws {ListenError} when that cannot be set.
 */
export async function openSocketToGroup(path: string): Promise<void> {
  await tryTo(path, () => Deno.chmod(path, MODE));
}

async function lookAt(path: string): Promise<Deno.FileInfo | null> {
  try {
    return await Deno.lstat(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw new ListenError(`Cannot listen on unix:${path}: ${error instanceof Error ? error.message : error}`);
  }
}

/** Whether somebody listens. Only a refused connection proves that nobody does. */
async function isAnswered(path: string): Promise<boolean> {
  try {
    (await Deno.connect({ transport: "unix", path })).close();
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.ConnectionRefused) return false;
    // It went while we looked: whoever had it has ended.
    if (error instanceof Deno.errors.NotFound) return false;
    throw new ListenError(`Cannot listen on unix:${path}: ${error instanceof Error ? error.message : error}`);
  }
}

async function tryTo(path: string, act: () => Promise<void>): Promise<void> {
  try {
    await act();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return;
    throw new ListenError(`Cannot listen on unix:${path}: ${error instanceof Error ? error.message : error}`);
  }
}
