import { assertEquals, assertThrows } from "@std/assert";
import { GatewayError } from "../../src/errors.ts";
import { Hops } from "../../src/gateway/hops.ts";

const here = new Hops("here");
const via = (value: string) => new Headers({ via: value });
const others = (count: number) => Array.from({ length: count }, (_, i) => `1.1 berth-${i}`).join(", ");

function refusalOf(value: string): string | null {
  try {
    here.refuseLoop(via(value));
    return null;
  } catch (error) {
    return error instanceof GatewayError ? error.code : String(error);
  }
}

Deno.test("a request that carries no via, or another's, passes", () => {
  here.refuseLoop(new Headers());
  assertEquals(refusalOf("1.1 nginx, 2 varnish (Varnish/7.1), HTTP/1.1 berth-there"), null);
  assertEquals(refusalOf("garbage"), null);
  assertEquals(refusalOf("1.1 berth-hereabouts, 1.1 x-berth-here"), null, "a name is compared as a whole");
});

Deno.test("a request that has been here is a loop, wherever in its via it says so", () => {
  for (
    const value of ["1.1 berth-here", "1.1 berth-a,1.1  berth-here (comment) , 1.0 nginx", "2 nginx, 1.1\tberth-here"]
  ) {
    assertEquals(refusalOf(value), "loop", value);
  }
  const error = assertThrows(() => here.refuseLoop(via("1.1 berth-here")), GatewayError);
  assertEquals(error.status, 508);
});

Deno.test("a request that has passed four gateways passes, with a fifth it is refused; other proxies do not count", () => {
  assertEquals(refusalOf(others(4)), null);
  assertEquals(refusalOf(others(5)), "loop");
  assertEquals(refusalOf(`${others(4)}, ${"1.1 nginx, ".repeat(20)}1.1 nginx`), null);
});

Deno.test("a gateway adds itself behind those before it, and no two have one name", () => {
  assertEquals(here.viaFor(new Headers()), "1.1 berth-here");
  assertEquals(here.viaFor(via("1.1 nginx")), "1.1 nginx, 1.1 berth-here");
  const [one, two] = [new Hops(), new Hops()];
  two.refuseLoop(via(one.viaFor(new Headers())));
  assertThrows(() => one.refuseLoop(via(one.viaFor(new Headers()))), GatewayError);
});
