/** The version of this program, in one place. */
export const VERSION = "0.1.0";
