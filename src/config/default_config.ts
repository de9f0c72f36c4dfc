/**
 * The repository's own `config.yaml`, embedded so that the program serves it without reading a file.
 *
 * @module
 */

import text from "../../config.yaml" with { type: "text" };

/** The text of the default config. */
export const DEFAULT_CONFIG_TEXT: string = text;

/** How error messages call it. */
export const DEFAULT_CONFIG_FILE = "config.yaml (embedded)";
