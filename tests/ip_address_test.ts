import { assert, assertEquals, assertFalse } from "@std/assert";
import fc from "fast-check";
import { isInRange, parseIpAddress, parseIpRange } from "../src/ip_address.ts";

Deno.test("an address is read as what it is, however it is written", () => {
  const same: readonly (readonly [string, string])[] = [
    ["::1", "0:0:0:0:0:0:0:1"],
    ["127.0.0.1", "::ffff:127.0.0.1"],
    ["10.0.0.7", "::ffff:a00:7"],
    ["2001:db8::", "2001:0DB8:0:0:0:0:0:0"],
    ["1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"],
    ["::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"],
    ["1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304"],
  ];
  for (const [a, b] of same) {
    assert(parseIpAddress(a) !== null, a);
    assertEquals(parseIpAddress(a), parseIpAddress(b), `${a} and ${b}`);
  }
});

Deno.test("what is no address is none", () => {
  const wrong = [
    ...[
      "",
      "localhost",
      "unknown",
      "1.2.3",
      "1.2.3.4.5",
      "1.2.3.256",
      "01.2.3.4",
      "1.2.3.4:80",
      " 1.2.3.4",
      "0x7f.0.0.1",
    ],
    ...[
      ":",
      ":::",
      "1::2::3",
      "1:2:3:4:5:6:7",
      "1:2:3:4:5:6:7:8:9",
      "1:2:3:4::5:6:7:8",
      "12345::",
      "g::",
      "[::1]",
      "::1%lo",
    ],
    ...["1.2.3.4::", "::1.2.3", ":1:2:3:4:5:6:7", "1:2:3:4:5:6:7:"],
  ];
  for (const text of wrong) assertEquals(parseIpAddress(text), null, text);
});

Deno.test("whatever is read has 16 bytes", () => {
  fc.assert(fc.property(fc.string({ unit: fc.constantFrom(..."0123456789abcdef:.") }), (text) => {
    const address = parseIpAddress(text);
    assert(address === null || (address.length === 16 && address.every((byte) => byte >= 0 && byte <= 255)), text);
  }));
  fc.assert(fc.property(fc.ipV6(), (text) => assertEquals(parseIpAddress(text)?.length, 16, text)));
  fc.assert(
    fc.property(fc.ipV4(), (text) => assertEquals(parseIpAddress(text)?.slice(12), text.split(".").map(Number))),
  );
});

Deno.test("a range holds the addresses that begin like it, to the bit", () => {
  const holds = (range: string, address: string) => {
    const [parsed, of] = [parseIpAddress(address), parseIpRange(range)];
    assert(parsed !== null && of !== null, `${range} ${address}`);
    return isInRange(parsed, of);
  };
  for (
    const [range, address] of [
      ["10.0.0.0/8", "10.255.0.1"],
      ["172.16.0.0/12", "172.31.255.255"],
      ["192.168.1.4/31", "192.168.1.5"],
      ["127.0.0.1", "127.0.0.1"],
      ["127.0.0.1", "::ffff:127.0.0.1"],
      ["0.0.0.0/0", "8.8.8.8"],
      ["::/0", "8.8.8.8"],
      ["::/0", "fd00::1"],
      ["fd00::/8", "fdff::9"],
      [" ::1 ", "::1"],
    ] as const
  ) assert(holds(range, address), `${range} ${address}`);
  for (
    const [range, address] of [
      ["10.0.0.0/8", "11.0.0.1"],
      ["172.16.0.0/12", "172.32.0.0"],
      ["192.168.1.4/31", "192.168.1.6"],
      ["127.0.0.1", "127.0.0.2"],
      ["0.0.0.0/0", "::1"],
      ["fd00::/8", "fe00::"],
    ] as const
  ) assertFalse(holds(range, address), `${range} ${address}`);
  for (const wrong of ["10.0.0.0/33", "::/129", "10.0.0.0/", "10.0.0/8", "a/8", "10.0.0.0/8/8", "10.0.0.0/-1"]) {
    assertEquals(parseIpRange(wrong), null, wrong);
  }
});
