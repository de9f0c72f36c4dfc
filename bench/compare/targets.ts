/**
 * What is compared, as it is written on the command line, and the files and arguments that each one is started with. Pure.
 *
 * @module
 */

/** Something that takes requests. */
export interface TargetSpec {
  /** The column's title. */
  readonly name: string;
  /** Words of the command, placeholders included; none for `direct`, which is the engine itself. */
  readonly words: readonly string[];
  /**
   * `direct`: no gateway. `models`: reads a config and starts engines. `upstream`: passes everything on to the one engine
   * that `{engine}` stands for.
   */
  readonly kind: "direct" | "models" | "upstream";
}

/** The engine, asked without a gateway. */
export const DIRECT: TargetSpec = { name: "direct", words: [], kind: "direct" };

/** Reads a template: words between spaces, without a shell. */
export function parseTarget(name: string, template: string): TargetSpec {
  const words = template.split(" ").filter((word) => word !== "");
  if (name === "" || words.length === 0) throw new Error(`a gateway is NAME=COMMAND, not "${name}=${template}"`);
  const kind = template.includes("{config}") ? "models" : "upstream";
  return { name, words, kind };
}

/** What the placeholders `{config}`, `{port}` and `{engine}` stand for. */
export interface Places {
  /** Path of the config. */
  readonly config: string;
  /** Port at 127.0.0.1 that the gateway shall listen on. */
  readonly port: number;
  /** `host:port` of an engine that runs already. */
  readonly engine: string;
}

/** The text with each placeholder replaced. */
export function fillPlaces(text: string, places: Places): string {
  return text.replaceAll("{config}", places.config).replaceAll("{port}", String(places.port))
    .replaceAll("{engine}", places.engine);
}

/** One model of a bench config. */
export interface BenchModel {
  /** Name that requests ask for. */
  readonly id: string;
  /** Milliseconds that the engine takes to load. */
  readonly loadMs: number;
  /** Port of the engine. */
  readonly port: number;
}

/** A config that both Berth and llama-swap read; what one does not know, it ignores. */
export function configText(models: readonly BenchModel[], { parallel }: { readonly parallel: number }): string {
  const entries = models.map(({ id, loadMs, port }) =>
    [
      `  ${id}:`,
      `    cmd: ${engineCommand({ port, loadMs }).join(" ")}`,
      `    proxy: http://127.0.0.1:${port}`,
      `    concurrencyLimit: 100000`,
    ].join("\n")
  );
  return [
    "healthCheckTimeout: 600",
    "routing:",
    "  scheduler:",
    "    settings:",
    "      serial:",
    `        parallel: ${parallel}`,
    "        maxQueue: 100000",
    "models:",
    ...entries,
    "",
  ].join("\n");
}

/** How the fake engine is started. */
export function engineCommand({ port, loadMs }: { readonly port: number; readonly loadMs: number }): readonly string[] {
  const script = new URL("./engine.ts", import.meta.url).pathname;
  const permissions = ["--no-lock", "--no-prompt", "--allow-net=127.0.0.1"];
  return [Deno.execPath(), "run", ...permissions, script, "--port", String(port), "--load-ms", String(loadMs)];
}
