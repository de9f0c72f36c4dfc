/**
 * Which names the gateway answers to, and which web pages may use it: what keeps a page of another site from steering a
 * gateway through the browser of somebody who can reach it (DNS rebinding, forged requests). Pure.
 *
 * A key that a program sends on purpose proves more than any of this, so the rules are for requests without one. A password
 * of the Basic scheme is none: a browser adds it by itself.
 *
 * @module
 */

import type { Config } from "../config/types.ts";
import { GatewayError } from "../errors.ts";
import { isHost } from "./request_url.ts";

/** The rules of a config in force on a listener. */
export interface SiteRules {
  /** Whether every request must carry a key. */
  readonly hasKeys: boolean;
  /** Whether `Host` must be a name of this machine. */
  readonly bindsHost: boolean;
  /** Further names that `Host` may be. */
  readonly hosts: Patterns;
  /** The origins that the config lists; `null` when it lists none. */
  readonly origins: Patterns | null;
}

/** Texts, or beginnings and ends of texts, in lower case. */
export interface Patterns {
  /** Whether `*` is among them. */
  readonly any: boolean;
  /** Those without a star. */
  readonly exact: ReadonlySet<string>;
  /** The others, cut at their star. */
  readonly wild: readonly { readonly start: string; readonly end: string }[];
}

/** Makes the rules; `isLoopback` says whether only programs on this machine can reach the listener. */
export function createSiteRules(
  { apiKeys, cors, allowedHosts }: Pick<Config, "apiKeys" | "cors" | "allowedHosts">,
  { isLoopback }: { readonly isLoopback: boolean },
): SiteRules {
  return {
    hasKeys: apiKeys.length > 0,
    bindsHost: apiKeys.length === 0 && (isLoopback || allowedHosts.length > 0),
    hosts: patternsOf(allowedHosts),
    origins: cors.origins === null ? null : patternsOf(cors.origins),
  };
}

/** What of a request the rules look at. */
export interface SiteFacts {
  /** HTTP method. */
  readonly method: string;
  /** What the client asked for: `Host`, or the authority of the URL where the transport knows no such header (HTTP/2). */
  readonly host: string;
  /**
   * The `Host` header where `host` is what a trusted proxy says instead; otherwise `null`. A page that reaches the gateway by a
   * name of its own, past the proxy, can say the same as the proxy; what it cannot choose is this.
   */
  readonly hostOfProxy: string | null;
  /** `Origin`; `null` when there is none. */
  readonly origin: string | null;
  /** `Sec-Fetch-Site`; `null` when there is none. */
  readonly fetchSite: string | null;
  /** Whether the only credential may have been added by the browser: a password of the Basic scheme. */
  readonly isAmbient: boolean;
}

/** Looks at a request; `forwardedHost` is what a trusted proxy says that the client asked for (see `clientOf`). */
export function siteFactsOf(
  { method, headers, url }: Pick<Request, "method" | "headers" | "url">,
  forwardedHost: string | null = null,
): SiteFacts {
  const host = headers.get("host") ?? authorityOf(url);
  const isForwarded = forwardedHost !== null && isHost(host);
  return {
    method,
    host: isForwarded ? forwardedHost : host,
    hostOfProxy: isForwarded ? host : null,
    origin: headers.get("origin"),
    fetchSite: headers.get("sec-fetch-site"),
    isAmbient: /^basic /i.test(headers.get("authorization") ?? ""),
  };
}

/**
 * Says why a request is refused, or `null`. `changes`: whether it asks a model, loads or stops something, or otherwise leaves
 * traces; requests that only read are safe, because the browser keeps their answers from pages of other sites.
 */
export function checkSite(
  facts: SiteFacts,
  rules: SiteRules,
  { changes }: { readonly changes: boolean },
): GatewayError | null {
  return checkHost(facts, rules) ?? (changes ? checkOrigin(facts, rules) : null);
}

function checkHost({ host, hostOfProxy }: SiteFacts, { bindsHost, hosts }: SiteRules): GatewayError | null {
  if (!isHost(host)) return new GatewayError("bad_request", "The Host header is not the name of a host");
  if (!bindsHost) return null;
  return checkName(host, hosts) ?? (hostOfProxy === null ? null : checkName(hostOfProxy, hosts));
}

function checkName(host: string, hosts: Patterns): GatewayError | null {
  const name = nameOf(host);
  if (isAddress(name) || isOwnName(name) || hosts.any || fits(hosts, name)) return null;
  return new GatewayError(
    "forbidden",
    `This gateway is not asked for as ${
      quote(name)
    }: without apiKeys it answers to localhost and IP addresses only, so ` +
      "that no web page reaches it by a name of its own. Add the name to allowedHosts in the config, or set apiKeys",
  );
}

function checkOrigin(facts: SiteFacts, rules: SiteRules): GatewayError | null {
  if (rules.hasKeys && !facts.isAmbient) return null;
  const { origin, host, fetchSite } = facts;
  if (origin === null) {
    // Pictures, links and scripts send none. Ports and names below one domain are one site, on this machine only one owner.
    const isForeign = fetchSite === "cross-site" || (fetchSite === "same-site" && !isOwnName(nameOf(host)));
    if (!isForeign) return null;
    return new GatewayError(
      "forbidden",
      "A page of another site may not do this: open the address yourself, or call it with a key",
    );
  }
  if (isTrusted(facts, rules)) return null;
  const advice = rules.hasKeys
    ? "Send the key as a Bearer token or in x-api-key, or add the origin to cors.origins in the config"
    : "Add the origin to cors.origins in the config, or set apiKeys";
  return new GatewayError("forbidden", `Pages of ${quote(origin)} may not use this gateway. ${advice}`);
}

/** Whether the pages of the request's origin may do what the person in front of the browser may. */
export function isTrusted({ origin, host }: SiteFacts, { origins, hasKeys }: SiteRules): boolean {
  if (origin === null) return false;
  const lower = origin.toLowerCase();
  // With keys `*` invites pages that bring one, not the password that the browser keeps for another page.
  if (origins !== null && (fits(origins, lower) || (origins.any && !hasKeys))) return true;
  const { scheme, authority } = partsOf(lower);
  const isWeb = scheme === "http" || scheme === "https";
  if (isWeb && withoutPort(authority, scheme) === withoutPort(host.toLowerCase(), scheme)) return true;
  if (origins !== null) return false;
  // What comes from this machine to this machine could as well ask without a browser: a page that a local program serves,
  // a desktop program (app:, tauri:, vscode-webview:). No page of the web has such an origin. Extensions carry foreign code.
  const isOfMachine = isWeb ? isOwnName(nameOf(authority)) : scheme !== "" && !scheme.endsWith("-extension");
  return isOfMachine && isOwnName(nameOf(host));
}

/** The name in an authority, in lower case, without port, brackets and the dot of the root. */
function nameOf(authority: string): string {
  const lower = authority.toLowerCase();
  if (lower.startsWith("[")) return /^\[([^\]]*)\](?::\d*)?$/.exec(lower)?.[1] ?? lower;
  return lower.replace(/:\d*$/, "").replace(/\.$/, "");
}

/** The authority of a URL, which a runtime made of the request. */
function authorityOf(url: string): string {
  const from = url.indexOf("://") + 3;
  return /^[^/?#]*/.exec(url.slice(from))?.[0] ?? "";
}

/** For a message. */
function quote(text: string): string {
  return JSON.stringify(text.length > 100 ? `${text.slice(0, 100)}…` : text);
}

/** Whether it is an address: what is not looked up cannot be made to lead elsewhere. */
function isAddress(name: string): boolean {
  return /^\d{1,3}(\.\d{1,3}){3}$/.test(name) || /^[0-9a-f:.]*:[0-9a-f:.]*$/.test(name);
}

/**
 * Whether it is a name or address that means this machine, wherever it is said. Containers know their host by the last two;
 * nobody can own a domain below `internal`.
 */
function isOwnName(name: string): boolean {
  return name === "localhost" || name.endsWith(".localhost") || name === "::1" || name === "0.0.0.0" ||
    /^127(\.\d{1,3}){3}$/.test(name) ||
    name.endsWith(".docker.internal") || name.endsWith(".containers.internal");
}

function withoutPort(authority: string, scheme: string): string {
  return authority.replace(scheme === "http" ? /:80$/ : /:443$/, "");
}

function partsOf(origin: string): { readonly scheme: string; readonly authority: string } {
  const end = origin.indexOf("://");
  return end < 0 ? { scheme: "", authority: "" } : { scheme: origin.slice(0, end), authority: origin.slice(end + 3) };
}

/** A star stands for anything but a slash: for the whole host, or for what is before a domain. */
function patternsOf(listed: readonly string[]): Patterns {
  const others = listed.filter((text) => text !== "*");
  return {
    any: others.length < listed.length,
    exact: new Set(others.filter((text) => !text.includes("*"))),
    wild: others.filter((text) => text.includes("*")).map((text) => {
      const star = text.indexOf("*");
      return { start: text.slice(0, star), end: text.slice(star + 1) };
    }),
  };
}

/** Whether one of the patterns other than `*` fits. */
function fits({ exact, wild }: Patterns, text: string): boolean {
  return exact.has(text) ||
    wild.some(({ start, end }) =>
      text.length > start.length + end.length && text.startsWith(start) && text.endsWith(end)
    );
}
