import { assertEquals } from "@std/assert";
import { createRedactor, isSecretName } from "../../src/cli/redact.ts";
import { loadConfig } from "../../src/config/load.ts";

function redactor(text = "models: {}\n", environment: Record<string, string> = {}) {
  const { config } = loadConfig({ texts: [{ text, file: "c.yaml" }], env: () => undefined });
  return createRedactor(config, new Map(Object.entries(environment)));
}

Deno.test("names that speak of secrets are known from those that only look like it", () => {
  const secret = [
    "api-key",
    "API_KEY",
    "apikey",
    "hf-token",
    "HF_TOKEN",
    "dbPassword",
    "client_secret",
    "key",
    "AWS_KEY",
  ];
  const plain = ["max-tokens", "tokenizer", "monkey-mode", "PATH", "port", "keepalive", "n_keep", "author", ""];
  assertEquals(secret.filter((name) => !isSecretName(name)), []);
  assertEquals(plain.filter(isSecretName), []);
});

Deno.test("the word after a flag that is named like a secret is hidden, unless it is a flag itself", () => {
  const { words } = redactor();
  assertEquals(words(["x", "--api-key", "abc", "--max-tokens", "5"]), ["x", "--api-key", "***", "--max-tokens", "5"]);
  assertEquals(words(["x", "--token", "--verbose"]), ["x", "--token", "--verbose"]);
  assertEquals(words(["x", "--token=abc", "-password", "-5x"]), ["x", "--token=***", "-password", "***"]);
});

Deno.test("secrets inside a word are hidden: in a shell's line, a header, a URL", () => {
  const { words } = redactor();
  assertEquals(words(["sh", "-c", 'HF_TOKEN=abc serve --api-key "d e" --ctx 5']), [
    "sh",
    "-c",
    "HF_TOKEN=*** serve --api-key *** --ctx 5",
  ]);
  assertEquals(words(['{"api_key": "abc", "port": "1"}']), ['{"api_key": ***, "port": "1"}']);
  assertEquals(words(["-H", "authorization: Bearer abc.def"]), ["-H", "authorization: Bearer ***"]);
  assertEquals(words(["https://me:abc@host/x", "http://host/x@y"]), ["https://***@host/x", "http://host/x@y"]);
});

Deno.test("a known secret is hidden wherever it stands, the longest first", () => {
  const { text, env } = redactor('apiKeys: ["abcd", "abcdefg"]\n', { MY_SECRET: "quay", HOME: "/root" });
  assertEquals(text("abcdefg and abcd at the quay of /root"), "*** and *** at the *** of /root");
  assertEquals(env("PLAIN=abcd-1"), "PLAIN=***-1");
});
