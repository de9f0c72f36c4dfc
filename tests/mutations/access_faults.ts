/**
 * Faults that a careful person could put into what decides who may use the gateway; the tests must notice each.
 *
 * @module
 */

import type { Fault } from "./faults.ts";

const AUTH = "src/gateway/auth.ts";
const SITE = "src/gateway/site_rules.ts";
const CORS = "src/gateway/cors.ts";
const OPEN = "src/gateway/open_requests.ts";
const HEADERS = "src/gateway/headers.ts";

/** The faults, each with the promise it breaks. */
export const ACCESS_FAULTS: readonly Fault[] = [
  {
    name: "the beginning of a key is a key",
    file: AUTH,
    find: "let difference = text.length ^ (encoded[at]?.length ?? 0);",
    replace: "let difference = 0;",
  },
  {
    name: "the first key's rights go to whoever has another one",
    file: AUTH,
    find: "return keys[found]?.client ?? null;",
    replace: "return found < 0 ? null : keys[0]?.client ?? null;",
  },
  {
    name: "a wrong Bearer hides a right x-api-key",
    file: AUTH,
    find: 'found.push(headers.get("x-api-key") ?? "");',
    replace: 'if (found.length === 0) found.push(headers.get("x-api-key") ?? "");',
  },
  {
    name: "a key whose parameter is escaped stays in the URL",
    file: AUTH,
    find: "if (unescape(equals < 0 ? pair : pair.slice(0, equals)) !== QUERY_KEY) return true;",
    replace: "if (!pair.startsWith(`${QUERY_KEY}=`)) return true;",
  },
  {
    name: "who may not use a model is told what it really is",
    file: AUTH,
    find: "JSON.stringify(shorten(asked))",
    replace: "JSON.stringify(model)",
  },
  {
    name: "a page without Origin may do anything: pictures and links",
    file: SITE,
    find: 'const isForeign = fetchSite === "cross-site" || ',
    replace: "const isForeign = ",
  },
  {
    name: "any name that ends like this machine's is its own",
    file: SITE,
    find: 'name.endsWith(".localhost")',
    replace: 'name.endsWith("localhost")',
  },
  {
    name: "a page of a local program may use any gateway in the network",
    file: SITE,
    find: "return isOfMachine && isOwnName(nameOf(host));",
    replace: "return isOfMachine;",
  },
  {
    name: "a browser extension counts as a program of this machine",
    file: SITE,
    find: '!scheme.endsWith("-extension")',
    replace: "true",
  },
  {
    name: "the password that a browser keeps is taken for a key that the page sends",
    file: SITE,
    find: "if (rules.hasKeys && !facts.isAmbient) return null;",
    replace: "if (rules.hasKeys) return null;",
  },
  {
    name: "* invites pages to use the password that a browser keeps",
    file: SITE,
    find: "(origins.any && !hasKeys)",
    replace: "origins.any",
  },
  {
    name: "a page of the same host on another port is the gateway's own",
    file: SITE,
    find: 'return authority.replace(scheme === "http" ? /:80$/ : /:443$/, "");',
    replace: 'return scheme === "" ? authority : authority.replace(/:\\d+$/, "");',
  },
  {
    name: "with keys the Host must be listed, too",
    file: SITE,
    find: "bindsHost: apiKeys.length === 0 && (isLoopback || allowedHosts.length > 0),",
    replace: "bindsHost: isLoopback || allowedHosts.length > 0,",
  },
  {
    name: "every page may read the answers of a gateway without keys",
    file: CORS,
    find: "rules.origins === null ? rules.hasKeys : rules.origins.any",
    replace: "rules.origins === null || rules.origins.any",
  },
  {
    name: "names that are no names of headers are allowed by a preflight",
    file: CORS,
    find: ".filter((name) => TOKEN.test(name))",
    replace: '.filter((name) => name !== "")',
  },
  {
    name: "what a backend says about pages goes on to the browser",
    file: HEADERS,
    find: 'if (lower.startsWith("access-control-")) continue;',
    replace: "",
  },
  {
    name: "a request that is over twice makes room for two",
    file: OPEN,
    find: "if (isOver) return;",
    replace: "",
  },
  {
    name: "a key without a limit of its own has none",
    file: OPEN,
    find: "key?.maxOpen ?? perKey",
    replace: "key === null ? perKey : key.maxOpen ?? 0",
  },
];
