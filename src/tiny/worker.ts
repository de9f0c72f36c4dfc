/**
 * The built-in model as an edge-style worker: `deno serve src/tiny/worker.ts --name a --load 200ms`. It needs no permission.
 *
 * @module
 */

import { createTiny, type TinyServer } from "./tiny.ts";

const worker: TinyServer = createTiny(Deno.args);

export default worker;
