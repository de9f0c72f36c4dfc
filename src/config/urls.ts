/**
 * Which addresses can be asked over HTTP.
 *
 * @module
 */

/** Whether a text is a full http or https URL. */
export function isHttpUrl(text: string): boolean {
  return /^https?:\/\//i.test(text) && URL.canParse(text);
}

/** Whether an http or https URL carries a user name or a password, which are never sent. */
export function hasUserInfo(url: string): boolean {
  const { username, password } = new URL(url);
  return username !== "" || password !== "";
}
