import { assertEquals, assertThrows } from "@std/assert";
import { dropsQuotedLine, hasOpenQuote, splitCommand, stripComments } from "../../src/config/command.ts";

Deno.test("CC1, CC6: continuations, comments, blank lines and both quotes give the expected words", () => {
  const text = `
# a comment
python model.py \\
    # another comment
    --arg1 "value1" \\
--arg2 'value 2' --arg3 123 \\
--json '{"a": "b"}'

--last # not a comment
`;
  assertEquals(splitCommand(text), [
    "python",
    "model.py",
    "--arg1",
    "value1",
    "--arg2",
    "value 2",
    "--arg3",
    "123",
    "--json",
    '{"a": "b"}',
    "--last",
    "#",
    "not",
    "a",
    "comment",
  ]);
});

Deno.test("CC2: on Windows single quotes are characters, and double quotes between them vanish", () => {
  const text = `
# a comment
C:\\py\\python.exe model.py \\
    --arg1 "value 1" \\
--arg2 '"in quotes"' 'two words'\r
--last
`;
  assertEquals(splitCommand(text, "windows"), [
    ...["C:\\py\\python.exe", "model.py", "--arg1", "value 1", "--arg2", "'in quotes'", "'two", "words'", "--last"],
  ]);
  assertThrows(() => splitCommand("# nothing", "windows"), RangeError, "empty command");
  assertEquals([hasOpenQuote("a 'b", "windows"), hasOpenQuote('a "b', "windows")], [false, true]);
  assertEquals([dropsQuotedLine("a 'b\n# c", "windows"), dropsQuotedLine('a "b\n# c', "windows")], [false, true]);
});

Deno.test("CC2: on Windows backslashes count before a double quote only", () => {
  const cases: readonly (readonly [text: string, ...words: string[]])[] = [
    [String.raw`a\\b c\ \\d`, String.raw`a\\b`, String.raw`c\ `.trim(), String.raw`\\d`],
    [String.raw`x\"y z`, 'x"y', "z"],
    [String.raw`x\\"y z"`, String.raw`x\y z`],
    [String.raw`x\\\"y z`, String.raw`x\"y`, "z"],
    [String.raw`"C:\TEST A\\" b`, "C:\\TEST A\\", "b"],
    ['"a""b" ""', 'a"b', ""],
    ['a"b c"d', "ab cd"],
    ['"never shut ', "never shut "],
    [String.raw`\"a`, '"a'],
    ["a\tb\r\nc", "a", "b", "c"],
  ];
  for (const [text, ...words] of cases) assertEquals(splitCommand(text, "windows"), words, text);
});

Deno.test("lines are trimmed by the white space of Unicode, to which a byte order mark does not belong", () => {
  const spaces = "\v\f\r \u0085\u00a0\u1680\u2000\u200a\u2028\u2029\u202f\u205f\u3000";
  assertEquals(splitCommand(`a\n${spaces}# b\n${spaces}c \\${spaces}\nd`), ["a", "c", "d"]);
  for (const other of ["\uFEFF", "\u200b", "\u180e"]) {
    assertEquals(splitCommand(`a\n${other}# b`), ["a", `${other}#`, "b"]);
    assertEquals(splitCommand(`a \\${other}\nb`), ["a", other, "b"]);
    assertEquals(dropsQuotedLine(`'a\n${other}# b'`), false);
  }
});

Deno.test("words follow POSIX quoting", () => {
  assertEquals(splitCommand(`a 'b\\c' "d\\e" f\\ g`), ["a", "b\\c", "d\\e", "f g"]);
  assertEquals(splitCommand(`--x='{"k": true}'`), ['--x={"k": true}']);
  assertEquals(splitCommand("C:\\x\\y"), ["C:xy"]);
  assertEquals(splitCommand(`a "" ''b "q\\"q\\$"`), ["a", "", "b", 'q"q$']);
  assertEquals(splitCommand("a 'open quote"), ["a", "open quote"]);
  assertEquals([hasOpenQuote("a 'open"), hasOpenQuote("a 'shut'")], [true, false]);
});

Deno.test("CC3: an empty command is refused", () => {
  for (const text of ["", "  \n\t", "# only\n # comments"]) {
    assertThrows(() => splitCommand(text), RangeError, "empty command");
  }
});

Deno.test("CC4: only full-line comments are stripped, and blank lines stay", () => {
  assertEquals(stripComments("a\n# b\n\n  # c\nd # e"), "a\n\nd # e");
  assertEquals([stripComments(""), stripComments("# x"), stripComments("x")], ["", "", "x"]);
});
