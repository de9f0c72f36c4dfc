import { assertEquals } from "@std/assert";
import type { PeerConfig } from "../../src/config/types.ts";
import { resolveModel } from "../../src/routing/resolve.ts";
import { configOf, load, models, refuse, warningsOf } from "./loading.ts";

function peerOf(block: string): PeerConfig {
  const peer = configOf(`peers: {p: ${block}}`).peers.get("p");
  if (peer === undefined) throw new RangeError("no peer");
  return peer;
}

Deno.test("CN17: a peer has an address, models, and perhaps a key", async (t) => {
  assertEquals(peerOf("{proxy: 'http://h:1', models: [a, b, a]}").models, ["a", "b"]);
  assertEquals(peerOf("{proxy: 'http://h:1', models: [a]}").apiKey, null);
  assertEquals(peerOf("{proxy: 'https://h', models: [a], apiKey: sk-1}").apiKey, "sk-1");
  const cases: readonly [string, string, string][] = [
    ["no proxy", "{models: [a]}", "proxy is required"],
    ["an empty proxy", "{proxy: '', models: [a]}", "proxy is required"],
    ["a bad proxy", "{proxy: 'ht!tp://h', models: [a]}", "invalid peer proxy URL"],
    ["a port that is none", "{proxy: 'http://h:70000', models: [a]}", "invalid peer proxy URL"],
    ["no models", "{proxy: 'http://h'}", "peer models can not be empty"],
    ["empty models", "{proxy: 'http://h', models: []}", "peer models can not be empty"],
    ["a blank model", "{proxy: 'http://h', models: [' ']}", "a model name must not be blank"],
  ];
  for (const [name, block, part] of cases) await t.step(name, () => void refuse(`peers: {p: ${block}}`, part));
});

Deno.test("a peer's key and password are never shown", () => {
  const error = refuse("peers: {p: {proxy: 'ftp://u:hush@h', apiKey: 'se cret', models: [a]}, q: {apiKey: 7}}");
  assertEquals(/hush|se cret|found 7/.test(error.message), false);
});

Deno.test("a user name and password in a peer's address are not sent, and the config is told so without showing them", () => {
  for (const userInfo of ["me:hush", "me", ":hush"]) {
    assertEquals(warningsOf(`peers: {p: {proxy: 'http://${userInfo}@h', models: [a]}}`), [
      "c.yaml:1:13: peers.p.proxy: peer p: the user name and password in its address are not sent: a key goes into apiKey",
    ]);
  }
  assertEquals(warningsOf("peers: {p: {proxy: 'http://h/a@b', models: [a]}}"), []);
});

Deno.test("CN18: an address may have a path", () => {
  const { protocol, host, pathname } = new URL(peerOf("{proxy: 'https://h:8/base/v1', models: [a]}").proxy);
  assertEquals([protocol, host, pathname], ["https:", "h:8", "/base/v1"]);
});

Deno.test("CN19: a peer's filters keep nested values, and its strip list is cleaned", () => {
  const { filters } = peerOf(
    "{proxy: 'http://h', models: [a], filters: {stripParams: 'b, a, b', setParams: {o: {only: [x], z: null}}}}",
  );
  assertEquals(filters.strip, ["a", "b"]);
  assertEquals(JSON.stringify([...filters.set]), '[["o",{"only":["x"],"z":null}]]');
  refuse(
    "peers: {p: {proxy: 'http://h', models: [a], filters: {setParams: 7}}}",
    "peers.p.filters.setParams: must be a mapping",
  );
});

Deno.test("CD16: a peer's timeouts default to 60 seconds for headers", () => {
  const defaults = {
    connect: 30,
    responseHeader: 60,
    tlsHandshake: 10,
    expectContinue: 1,
    keepalive: 30,
    idleConn: 90,
  };
  assertEquals(peerOf("{proxy: 'http://h', models: [a]}").timeouts, defaults);
  assertEquals(peerOf("{proxy: 'http://h', models: [a], timeouts: {connect: 5, tlsHandshake: 0}}").timeouts, {
    ...defaults,
    connect: 5,
    tlsHandshake: 0,
  });
  refuse(
    "peers: {p: {proxy: 'http://h', models: [a], timeouts: {connect: -1}}}",
    "peers.p.timeouts.connect: must be >= 0",
  );
});

Deno.test("CN20: full names lead to a peer's model, bare ones when one peer offers them and no model here wins", () => {
  const config = configOf(
    models(["mine", "aliases: [also]"]) +
      "peers: {p1: {proxy: 'http://h', models: [both, org/one, mine, also]}, p2: {proxy: 'http://i', models: [both, two]}}\n",
  );
  const target = (name: string) => config.peerModels.get(name);
  assertEquals(target("p1/both"), { peer: "p1", model: "both" });
  assertEquals(target("p2/both"), { peer: "p2", model: "both" });
  assertEquals(target("both"), undefined);
  assertEquals(target("org/one"), { peer: "p1", model: "org/one" });
  assertEquals(target("p1/org/one"), { peer: "p1", model: "org/one" });
  assertEquals(target("two"), { peer: "p2", model: "two" });
  assertEquals([resolveModel(config, "mine"), resolveModel(config, "also")], ["mine", "mine"]);
  assertEquals(target("p1/mine"), { peer: "p1", model: "mine" });
});

Deno.test("CN21: a full name wins over a bare name of the same spelling", () => {
  const { peerModels } = configOf(
    "peers: {p1: {proxy: 'http://h', models: [model]}, p2: {proxy: 'http://i', models: [p1/model]}}",
  );
  assertEquals(peerModels.get("p1/model"), { peer: "p1", model: "model" });
  assertEquals(peerModels.get("p2/p1/model"), { peer: "p2", model: "p1/model" });
});

Deno.test("CN22: a full name that means two models, or is also another name, is refused", async (t) => {
  await t.step("two models", () => {
    const text = "peers: {a: {proxy: 'http://h', models: [b/c]}, a/b: {proxy: 'http://i', models: [c]}}";
    refuse(text, 'fully qualified peer model name "a/b/c" is ambiguous between');
  });
  const peers = "peers: {p: {proxy: 'http://h', models: [x]}}\n";
  const cases: readonly [string, string][] = [
    ["model", models("p/x")],
    ["alias", models(["m", "aliases: [p/x]"])],
    ["generated alias", models(["m", "filters: {setParamsByID: {p/x: {a: 1}}}"])],
    ["selector", models("m") + "selectors: {p/x: {strategy: pin, targets: [m]}}\n"],
    ["pin", models("m") + "profiles: {w: {pins: {p/x: m}}}\n"],
  ];
  for (const [name, text] of cases) {
    await t.step(name, () => void refuse(peers + text, "conflicts with fully qualified peer model name"));
  }
});

Deno.test("CE7, CE8: a peer's key and filters take environment variables and macros", () => {
  const text = "macros: {key: mk, n: 5}\npeers:\n  p:\n    proxy: http://h\n    models: [a]\n    apiKey: ${env.K}\n" +
    '    filters: {stripParams: "${env.S},b", setParams: {seed: "${n}"}}\n' +
    "  q: {proxy: http://h, models: [b], apiKey: '${key}'}\n";
  const { peers } = load(text, { env: (name) => name === "K" ? "ek" : "z" }).config;
  assertEquals([peers.get("p")?.apiKey, peers.get("q")?.apiKey], ["ek", "mk"]);
  assertEquals([peers.get("p")?.filters.strip, peers.get("p")?.filters.set.get("seed")], [["b", "z"], 5]);
});

Deno.test("CE9: an unknown macro in a peer is refused with its path", () => {
  refuse("peers: {p: {proxy: 'http://h', models: [a], apiKey: '${no}'}}", "peers.p.apiKey: unknown macro '${no}'");
  refuse(
    "peers: {p: {proxy: 'http://h', models: [a], filters: {setParams: {x: ['${no}']}}}}",
    "peers.p.filters.setParams.x[0]: unknown macro '${no}'",
  );
});
