/**
 * The built-in model as an edge-style worker: `deno serve src/tiny/worker.ts --name a --load 200ms`. It needs no permission.
 *
 * @module
 */

import { createTiny, type TinyServer } from "./tiny.ts";

/** The server that `deno serve` runs; its settings are the arguments after the module's name. */
const worker: TinyServer = createTiny(Deno.args);

export default worker;
