import {
  assert,
  assertEquals,
  assertExists,
  assertFalse,
  assertGreater,
  assertGreaterOrEqual,
  assertInstanceOf,
  AssertionError,
  assertLess,
  assertLessOrEqual,
  assertMatch,
  assertNotEquals,
  assertObjectMatch,
  assertRejects,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
  fail,
} from "@std/assert";

/** Fails unless every function throws an `AssertionError`; written without the assertion under test. */
function refuses(...checks: (() => unknown)[]): void {
  for (const check of checks) {
    let thrown: unknown;
    try {
      check();
    } catch (error) {
      thrown = error;
    }
    if (!(thrown instanceof AssertionError)) throw new Error(`accepted: ${check}`);
  }
}

Deno.test("assertEquals compares deeply and by the rules of the original", () => {
  assertEquals({ a: [1, new Map([[{ k: 1 }, new Set(["x"])]])] }, { a: [1, new Map([[{ k: 1 }, new Set(["x"])]])] });
  assertEquals(0, -0);
  assertEquals(NaN, NaN);
  assertEquals({ __proto__: null, a: 1 }, { a: 1 });
  assertEquals(new URL("http://a/"), new URL("http://a/"));
  assertEquals(new Date(3), new Date(3));
  refuses(
    () => assertEquals({ a: undefined }, {} as { a?: undefined }),
    () => assertEquals([1, 2], [1]),
    () => assertEquals(new Uint8Array([1]), new Uint8Array([2])),
    () => assertEquals<object>(new (class A {})(), new (class B {})()),
    () => assertEquals(new Error("a"), new Error("b")),
    () => assertEquals(new Map([[1, { a: 1 }]]), new Map([[1, { a: 2 }]])),
    () => assertEquals(new Date(3), new Date(4)),
    () => assertEquals<unknown>(1, "1"),
    () => assertNotEquals({ a: [1] }, { a: [1] }),
  );
  assertNotEquals({ a: 1 }, { a: 2 });
});

Deno.test("a failed comparison shows both sides and the caller's words", () => {
  const error = assertThrows(() => assertEquals({ a: 1 }, { a: 2 }, "counting"), AssertionError, "counting");
  assertStringIncludes(error.message, "1");
  assertStringIncludes(error.message, "2");
});

Deno.test("the small assertions refuse what they should", () => {
  assert(1);
  assertFalse(0);
  assertStrictEquals(NaN, NaN);
  assertExists("");
  assertGreater(2, 1);
  assertGreaterOrEqual(1, 1);
  assertLess(1, 2);
  assertLessOrEqual(1, 1);
  assertMatch("abc", /b/);
  assertStringIncludes("abc", "b");
  assertInstanceOf(new TypeError("x"), Error);
  refuses(
    () => assert(0),
    () => assertFalse(1),
    () => assertStrictEquals(0, -0),
    () => assertStrictEquals({}, {}),
    () => assertExists(null),
    () => assertExists(undefined),
    () => assertGreater(1, 1),
    () => assertGreaterOrEqual(NaN, 1),
    () => assertLess(1, 1),
    () => assertLessOrEqual(2, 1),
    () => assertMatch("abc", /d/),
    () => assertStringIncludes("abc", "d"),
    () => assertInstanceOf(null, Error),
    () => assertInstanceOf({}, Error),
    () => fail("always"),
  );
});

Deno.test("assertObjectMatch asks for everything expected and allows the rest", () => {
  assertObjectMatch({ a: 1, b: { c: 2, d: 3 }, e: [{ f: 1, g: 2 }] }, { b: { c: 2 }, e: [{ f: 1 }] });
  refuses(
    () => assertObjectMatch({ a: 1 }, { a: 2 }),
    () => assertObjectMatch({ a: 1 }, { b: 1 }),
    () => assertObjectMatch({ a: { b: 1 } }, { a: { c: 1 } }),
    () => assertObjectMatch({ a: [1] }, { a: [1, 2] }),
  );
});

Deno.test("assertThrows returns the error and checks class and message", () => {
  assertEquals(
    assertThrows(() => {
      throw "text";
    }),
    "text",
  );
  assertInstanceOf(assertThrows(() => JSON.parse("{"), SyntaxError), SyntaxError);
  refuses(
    () => assertThrows(() => 1),
    () => assertThrows(() => JSON.parse("{"), TypeError),
    () => assertThrows(() => JSON.parse("{"), SyntaxError, "no such words"),
    () =>
      assertThrows(() => {
        throw "text";
      }, Error),
  );
});

Deno.test("assertRejects refuses a value, a synchronous throw and the wrong class", async () => {
  const error = await assertRejects(() => Promise.reject(new TypeError("late")), TypeError, "late");
  assertEquals(error.message, "late");
  await assertRejects(() => assertRejects(() => Promise.resolve(1)), AssertionError, "to reject");
  await assertRejects(() => assertRejects(() => Promise.reject(new Error("x")), TypeError), AssertionError);
  await assertRejects(() => assertRejects(() => Promise.reject("text"), Error), AssertionError, "non-Error");
  await assertRejects(
    () =>
      assertRejects(() => {
        throw new Error("early");
      }),
    AssertionError,
    "throws when expected to reject",
  );
});
