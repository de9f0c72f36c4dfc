/**
 * What this process may do, asked without ever prompting.
 *
 * @module
 */

/** Whether a permission is granted; a permission that would prompt counts as missing. */
export function isGranted(descriptor: Deno.PermissionDescriptor): boolean {
  return Deno.permissions.querySync(descriptor).state === "granted";
}

/** One sentence for each thing that is off because its permission is missing. */
export function describeMissing({ readsConfig }: { readonly readsConfig: boolean }): readonly string[] {
  return readsConfig || isGranted({ name: "read" })
    ? []
    : ["No --allow-read: -config is off, the built-in default config is served"];
}
