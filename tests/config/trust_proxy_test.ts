import { assertEquals } from "@std/assert";
import { configOf, refuse, warningsOf } from "./loading.ts";

Deno.test("no proxy is trusted unless the config says so", () => {
  for (const text of ["", "trustProxy: false", "trustProxy: []", "trustProxy:"]) {
    assertEquals(configOf(text).trustProxy, { all: false, unix: false, ranges: [] }, text);
  }
  assertEquals(configOf("trustProxy: yes").trustProxy, { all: true, unix: true, ranges: [] });
});

Deno.test("proxies are addresses, ranges, or whoever comes by the unix socket", () => {
  const { all, unix, ranges } = configOf('trustProxy: [127.0.0.1, "10.0.0.0/8", "fd00::/8", unix]').trustProxy;
  assertEquals([all, unix], [false, true]);
  assertEquals(ranges.map(({ written, bits }) => [written, bits]), [
    ["127.0.0.1", 128],
    ["10.0.0.0/8", 104],
    ["fd00::/8", 8],
  ]);
});

Deno.test("an entry that is no address is a problem at its place, and bits that do not count are a warning", () => {
  refuse("trustProxy: [127.0.0.1, nginx]", "trustProxy[1]", 'found "nginx"', "10.0.0.0/8");
  refuse("trustProxy: nginx", "trustProxy");
  assertEquals(warningsOf("trustProxy: [10.1.2.3/8]").length, 1);
});
