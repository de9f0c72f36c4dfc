import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import {
  DEFAULT_LISTEN,
  DEFAULT_TLS_LISTEN,
  FlagConflictError,
  isLoopback,
  parseArguments,
  parseListen,
  UsageError,
} from "../../src/cli/flags.ts";

function serveOptions(...args: string[]) {
  const invocation = parseArguments(args);
  if (invocation.command !== "serve") throw new TypeError(invocation.command);
  return invocation.options;
}

Deno.test("serve is the default command, on this machine's port 8080 with the embedded config", () => {
  const options = { config: { file: null, dir: null }, listen: DEFAULT_LISTEN, watch: false, tls: null, notices: [] };
  assertEquals(serveOptions(), options);
  assertEquals(serveOptions("serve"), options);
  assertEquals(DEFAULT_LISTEN, { hostname: "127.0.0.1", port: 8080 });
});

Deno.test("§1.1: one dash or two, a value after a space or an equals sign", () => {
  for (const args of [["-config", "a.yaml"], ["--config", "a.yaml"], ["-config=a.yaml"], ["--config=a.yaml"]]) {
    assertEquals(serveOptions(...args).config, { file: "a.yaml", dir: null });
  }
  assertEquals(serveOptions("-listen=:9000", "-config", "b=c.yaml").config.file, "b=c.yaml");
});

Deno.test("§1.1: -version and -help win over everything else, and a switch can be set false", () => {
  assertEquals(parseArguments(["-config", "x", "-version"]).command, "version");
  assertEquals(parseArguments(["--help"]).command, "help");
  assertEquals(parseArguments(["-h"]).command, "help");
  assertEquals(parseArguments(["-version=false"]).command, "serve");
});

Deno.test("-watch-config is a switch, and says so where there is no file to watch", () => {
  assertEquals(serveOptions("-watch-config", "-config", "a.yaml").watch, true);
  assertEquals(serveOptions("-watch-config", "-config-dir", "a").notices, []);
  assertStringIncludes(serveOptions("-watch-config").notices.join(), "nothing to watch");
  assertEquals(serveOptions("-watch-config=false", "-config", "a.yaml").watch, false);
});

Deno.test("§1.1: both TLS files make https, on port 8443 when no address is given", () => {
  const tls = ["-tls-cert-file", "cert.pem", "-tls-key-file", "key.pem"];
  assertEquals(serveOptions(...tls).tls, { certFile: "cert.pem", keyFile: "key.pem" });
  assertEquals(serveOptions(...tls, "-listen=").listen, DEFAULT_TLS_LISTEN);
  assertEquals(DEFAULT_TLS_LISTEN, { hostname: "127.0.0.1", port: 8443 });
  assertEquals(serveOptions(...tls, "-listen", "127.0.0.1:9").listen.port, 9);
  assertEquals(serveOptions("-listen=").listen, DEFAULT_LISTEN);
});

Deno.test("§1.1.3: one TLS file without the other is refused", () => {
  for (const flag of ["-tls-cert-file", "-tls-key-file"]) {
    assertStringIncludes(assertThrows(() => parseArguments([flag, "a.pem"]), FlagConflictError).message, "both");
  }
});

Deno.test("what cannot be understood or is not there yet is a UsageError that names it", () => {
  const wrong: [string[], string][] = [
    [["-nope"], "-nope"],
    [["--config"], "needs a value"],
    [["-config="], "needs a path"],
    [["-listen", "8080"], "8080"],
    [["-listen", "127.0.0.1:70000"], "70000"],
    [["-version=maybe"], "maybe"],
    [["-tls-cert-file="], "needs a path"],
    [["-config-dir="], "needs a path"],
    [["dance"], "dance"],
    [["serve", "extra"], "extra"],
  ];
  for (const [args, named] of wrong) {
    assertStringIncludes(assertThrows(() => parseArguments(args), UsageError).message, named);
  }
});

Deno.test("a listen address without a host means all interfaces, as llama-swap means it", () => {
  assertEquals(parseListen(":8080"), { hostname: "0.0.0.0", port: 8080 });
  assertEquals(parseListen("[::1]:80"), { hostname: "::1", port: 80 });
  assertEquals(parseListen("gpu.local:0"), { hostname: "gpu.local", port: 0 });
});

Deno.test("loopback is what only this machine reaches", () => {
  assertEquals(["localhost", "127.0.0.1", "127.9.9.9", "::1"].map(isLoopback), [true, true, true, true]);
  assertEquals(["0.0.0.0", "192.168.1.2", "::", "gpu.local", "127.example.org"].map(isLoopback), [
    false,
    false,
    false,
    false,
    false,
  ]);
});
