/**
 * Which addresses can be asked over HTTP.
 *
 * @module
 */

/** Whether a text is a full http or https URL. */
export function isHttpUrl(text: string): boolean {
  return /^https?:\/\//i.test(text) && URL.canParse(text);
}
