import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { readArguments, UsageError } from "../../src/cli/arguments.ts";
import { FlagConflictError, readServeOptions, SERVE_FLAGS } from "../../src/cli/flags.ts";
import {
  DEFAULT_LISTEN,
  DEFAULT_TLS_LISTEN,
  formatAddress,
  isLocal,
  isLoopback,
  parseListen,
} from "../../src/cli/listen_address.ts";

function serveOptions(...args: string[]) {
  return readServeOptions(readArguments({ flags: SERVE_FLAGS }, args));
}

Deno.test("without flags the embedded config is served on this machine's port 8080", () => {
  const config = { file: null, dir: null };
  assertEquals(serveOptions(), { config, listen: DEFAULT_LISTEN, watch: false, tls: null, notices: [] });
  assertEquals(DEFAULT_LISTEN, { kind: "tcp", hostname: "127.0.0.1", port: 8080 });
});

Deno.test("§1.1: one dash or two, a value after a space or an equals sign", () => {
  for (const args of [["-config", "a.yaml"], ["--config", "a.yaml"], ["-config=a.yaml"], ["--config=a.yaml"]]) {
    assertEquals(serveOptions(...args).config, { file: "a.yaml", dir: null });
  }
  assertEquals(serveOptions("-listen=:9000", "-config", "b=c.yaml").config.file, "b=c.yaml");
});

Deno.test("§1.1: a switch can be set false with an equals sign, and only so", () => {
  const read = (...args: string[]) => readArguments({ flags: SERVE_FLAGS }, args);
  for (const on of ["-watch-config", "--watch-config", "-watch-config=true", "-watch-config=1", "-watch-config=T"]) {
    assertEquals(read(on).has("watch-config"), true, on);
  }
  for (const off of ["-watch-config=false", "-watch-config=0", "-watch-config=F"]) {
    assertEquals(read(off).has("watch-config", true), false, off);
  }
  assertStringIncludes(assertThrows(() => read("-watch-config", "false"), UsageError).message, "false");
});

Deno.test("flags and the rest come in any order, and -- ends the flags", () => {
  const spec = {
    flags: [{ name: "url", value: "URL", help: "" }, { name: "follow", short: "f", help: "" }],
    positionals: { usage: "[MODEL…]", min: 0, max: 3 },
  };
  const args = readArguments(spec, ["a", "-f", "-url", "-x", "b", "--", "-c"]);
  assertEquals([args.value("url"), args.has("follow"), args.positionals], ["-x", true, ["a", "b", "-c"]]);
  assertEquals(args.value("nope"), null);
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
  assertEquals(DEFAULT_TLS_LISTEN, { kind: "tcp", hostname: "127.0.0.1", port: 8443 });
  assertEquals(serveOptions(...tls, "-listen", "127.0.0.1:9").listen, parseListen("127.0.0.1:9"));
  assertEquals(serveOptions("-listen=").listen, DEFAULT_LISTEN);
});

Deno.test("§1.1.3: one TLS file without the other is refused", () => {
  for (const flag of ["-tls-cert-file", "-tls-key-file"]) {
    assertStringIncludes(assertThrows(() => serveOptions(flag, "a.pem"), FlagConflictError).message, "both");
  }
});

Deno.test("what cannot be understood is a UsageError that names it", () => {
  const wrong: [string[], string][] = [
    [["-nope"], "-nope"],
    [["--config"], "needs a value"],
    [["-config="], "needs a path"],
    [["-listen", "8080"], "8080"],
    [["-listen", "127.0.0.1:70000"], "70000"],
    [["-version=maybe"], "maybe"],
    [["-confg", "a"], "Did you mean -config?"],
    [["-tls-cert-file="], "needs a path"],
    [["-config-dir="], "needs a path"],
    [["extra"], "extra"],
  ];
  for (const [args, named] of wrong) {
    assertStringIncludes(assertThrows(() => serveOptions(...args), UsageError).message, named);
  }
});

Deno.test("a listen address without a host means all interfaces, as llama-swap means it", () => {
  assertEquals(parseListen(":8080"), { kind: "tcp", hostname: "0.0.0.0", port: 8080 });
  assertEquals(parseListen("[::1]:80"), { kind: "tcp", hostname: "::1", port: 80 });
  assertEquals(parseListen("gpu.local:0"), { kind: "tcp", hostname: "gpu.local", port: 0 });
});

Deno.test("a listen address may be a unix socket, which only this machine reaches and TLS does not go with", () => {
  for (const text of ["unix:/run/berth.sock", "unix:///run/berth.sock"]) {
    assertEquals(parseListen(text), { kind: "unix", path: "/run/berth.sock" }, text);
  }
  assertEquals(parseListen("unix:berth.sock"), { kind: "unix", path: "berth.sock" });
  assertEquals(isLocal(parseListen("unix:a")), true);
  assertEquals(formatAddress(parseListen("unix:///a")), "unix:/a");
  assertStringIncludes(assertThrows(() => parseListen("unix:"), UsageError).message, "unix:PATH");
  const tls = ["-tls-cert-file", "cert.pem", "-tls-key-file", "key.pem"];
  assertStringIncludes(assertThrows(() => serveOptions(...tls, "-listen", "unix:a"), FlagConflictError).message, "TLS");
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
