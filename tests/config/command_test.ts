import { assertEquals, assertThrows } from "@std/assert";
import { hasOpenQuote, splitCommand, stripComments } from "../../src/config/command.ts";

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
