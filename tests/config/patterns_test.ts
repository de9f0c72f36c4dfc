import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { compilePattern } from "../../src/config/patterns.ts";

Deno.test("a pattern means what RE2 means by it", async (t) => {
  const cases: readonly [pattern: string, found: readonly string[], notFound: readonly string[]][] = [
    [String.raw`^/assets/.*\.(js|css)$`, ["/assets/a.js"], ["/assets/a.jsx", "/x/assets/a.js"]],
    ["(?i)\\.PNG$", ["/a.png", "/a.PnG"], ["/a.jpg"]],
    ["a(?i)b|c", ["ab", "aB", "c", "C"], ["Ab"]],
    ["a(?:(?i)b)c", ["abc", "aBc"], ["abC"]],
    ["(?i:a)b", ["Ab"], ["AB"]],
    ["(?s)a.b", ["a\nb"], []],
    ["a.b", ["axb"], ["a\nb"]],
    ["(?m)^x$", ["a\nx\nb"], ["a\nxy"]],
    [String.raw`\Aab\z`, ["ab"], ["ab\n", "xab"]],
    ["ab$", ["ab"], ["ab\n"]],
    [String.raw`\Qa.b*\Ec`, ["a.b*c"], ["axbbc"]],
    ["[[:digit:]]+x", ["12x"], ["x"]],
    ["^[]a]+$", ["]a"], ["b"]],
    ["^[a\\-z]$", ["-", "a"], ["b"]],
    [String.raw`^\pL\p{Greek}\PN$`, ["aαx"], ["aα1"]],
    [String.raw`^\p{^Greek}$`, ["a"], ["α"]],
    [String.raw`^\x41\x{42}\101$`, ["ABA"], []],
    [String.raw`a\-b\_\"\%`, ['a-b_"%'], []],
    ["^a{2}{$", ["aa{"], ["a{2}{"]],
    ["^a{,2}$", ["a{,2}"], ["aa"]],
    ["^a}]$", ["a}]"], []],
    [String.raw`^\s$`, [" ", "\t"], ["\v", "\u00a0"]],
    [String.raw`^[\s]\S$`, [" x"], ["\u00a0x"]],
    ["(?P<ext>js)$", ["a.js"], ["a.css"]],
    ["(?<ext>js)$", ["a.js"], ["a.css"]],
    ["^.$", ["😀"], ["ab"]],
    ["", ["", "x"], []],
  ];
  for (const [pattern, found, notFound] of cases) {
    await t.step(JSON.stringify(pattern), () => {
      const expression = compilePattern(pattern);
      assertEquals(found.filter((text) => !expression.test(text)), []);
      assertEquals(notFound.filter((text) => expression.test(text)), []);
    });
  }
});

Deno.test("what RE2 refuses is refused, with the reason", async (t) => {
  const cases: readonly [pattern: string, part: string][] = [
    ["[", "missing closing ]"],
    ["(", "missing closing )"],
    [")", "unexpected )"],
    ["*", "missing argument"],
    ["a**", "nested repetition"],
    ["(?=a)", "(?="],
    ["(?<!a)b", "(?<!"],
    [String.raw`(a)\1`, "invalid escape"],
    [String.raw`\C`, "invalid escape"],
    ["[[:bogus:]]", "[:bogus:]"],
    [String.raw`\p{Nonsense}`, "invalid character class"],
    ["a\\", "trailing backslash"],
    ["[z-a]", "invalid character class range"],
    ["(a{999}){999}", "repeat"],
  ];
  for (const [pattern, part] of cases) {
    await t.step(JSON.stringify(pattern), () => {
      assertStringIncludes(assertThrows(() => compilePattern(pattern), SyntaxError).message, part);
    });
  }
});

Deno.test("no pattern takes long for any path: what backtracks for ever elsewhere is linear here", () => {
  assertEquals(compilePattern("^(a+)+$").test("a".repeat(20_000) + "b"), false);
  assertEquals(compilePattern("(x?){30}x{30}$").test("x".repeat(30)), true);
});
