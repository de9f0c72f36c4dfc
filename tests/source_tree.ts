/**
 * The project as its architecture test sees it: its files, their code without comments, and who imports whom.
 *
 * @module
 */

import { assert } from "@std/assert";

const ROOT = new URL("../", import.meta.url);

/** What `deno info --json` says of one import. */
interface Dependency {
  readonly specifier: string;
  readonly code?: { readonly specifier?: string };
  readonly type?: { readonly specifier?: string };
}

/** One import between two files of the project. */
export interface Edge {
  /** The importing file. */
  readonly from: string;
  /** The imported file. */
  readonly to: string;
  /** Whether it is gone at run time. */
  readonly typeOnly: boolean;
}

let edges: Promise<readonly Edge[]> | undefined;

/** Every import between two files of `main.ts` and `src/`, as the runtime resolves it. */
export function importEdges(): Promise<readonly Edge[]> {
  return edges ??= resolveEdges();
}

async function resolveEdges(): Promise<readonly Edge[]> {
  const found: Edge[] = [];
  const seen = new Set<string>();
  const roots = (await sources()).map(({ path }) => path);
  for (const entry of ["main.ts", "src/worker.ts", "src/tiny/worker.ts", ...roots]) {
    if (!roots.includes(entry) || seen.has(entry)) continue;
    for (const { specifier, dependencies } of await describe(entry)) {
      const from = inProject(specifier);
      if (from === undefined || seen.has(from)) continue;
      seen.add(from);
      for (const { code, type } of dependencies ?? []) {
        const to = inProject(code?.specifier ?? type?.specifier);
        if (to !== undefined) found.push({ from, to, typeOnly: code === undefined });
      }
    }
  }
  return found;
}

async function describe(entry: string): Promise<{ specifier: string; dependencies?: Dependency[] }[]> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", entry],
    cwd: ROOT,
    env: { DENO_NO_UPDATE_CHECK: "1", NO_COLOR: "1" },
  }).output();
  assert(success, new TextDecoder().decode(stderr));
  return JSON.parse(new TextDecoder().decode(stdout)).modules;
}

/** The path of a module inside `main.ts` and `src/`, or `undefined` for any other. */
function inProject(specifier: string | undefined): string | undefined {
  if (!specifier?.startsWith(ROOT.href)) return undefined;
  const path = specifier.slice(ROOT.href.length);
  return path === "main.ts" || (path.startsWith("src/") && path.endsWith(".ts")) ? path : undefined;
}

/** One file of `main.ts` and `src/`. */
export interface Source {
  /** Its path in the project. */
  readonly path: string;
  /** The file as it is. */
  readonly text: string;
  /** The text without comments and without what stands in quotes. */
  readonly code: string;
}

/** All of `main.ts` and `src/`. */
export async function sources(): Promise<readonly Source[]> {
  const paths = (await projectFiles()).filter((path) => path === "main.ts" || /^src\/.*\.ts$/.test(path));
  return await Promise.all(paths.map(async (path) => {
    const text = await readProjectFile(path);
    return { path, text, code: stripText(text) };
  }));
}

function stripText(text: string): string {
  return text.replace(
    /("|')(?:\\.|(?!\1)[^\\\n])*\1|\/\/[^\n]*|\/\*[\s\S]*?\*\//g,
    (match) => /^["']/.test(match) ? '""' : "",
  );
}

/** The paths of all files that belong to the project, sorted. */
export async function projectFiles(folder = ""): Promise<string[]> {
  const paths: string[] = [];
  for await (const { name, isDirectory, isFile } of Deno.readDir(new URL(folder, ROOT))) {
    if (["node_modules", "dist", "coverage", ".git", ".venv"].includes(name)) continue;
    if (isDirectory) paths.push(...await projectFiles(`${folder}${name}/`));
    else if (isFile) paths.push(`${folder}${name}`);
  }
  return paths.sort();
}

/** The parts of `deno.json` that are rules. */
export interface ProjectFile {
  readonly compilerOptions: Record<string, unknown>;
  readonly lint: { readonly rules: { readonly include: readonly string[] } };
  readonly permissions: Record<string, Record<string, unknown>>;
}

/** Reads `deno.json`. */
export async function projectFile(): Promise<ProjectFile> {
  return JSON.parse(await readProjectFile("deno.json")) as ProjectFile;
}

/** Reads a file of the project by its path. */
export function readProjectFile(path: string): Promise<string> {
  return Deno.readTextFile(new URL(path, ROOT));
}
