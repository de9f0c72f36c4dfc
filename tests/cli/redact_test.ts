import { assertEquals, assertStringIncludes } from "@std/assert";
import { printableConfig } from "../../src/cli/effective_config.ts";
import { createRedactor } from "../../src/config/redact.ts";
import { isSecretName } from "../../src/config/secret_names.ts";
import { loadConfig } from "../../src/config/load.ts";

function redactor(text = "models: {}\n", environment: Record<string, string> = {}) {
  const { config, macroValues } = loadConfig({ texts: [{ text, file: "c.yaml" }], env: () => undefined });
  return createRedactor(config, {
    environment: new Map(Object.entries(environment)),
    macros: macroValues(isSecretName),
  });
}

Deno.test("names that speak of secrets are known from those that only look like it", () => {
  const secret = [
    "api-key",
    "API_KEY",
    "apikey",
    "hf-token",
    "hft",
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

Deno.test("a name inside a flag's value counts, too: environment variables of a container, headers", () => {
  const { words, text } = redactor();
  assertEquals(
    words(["docker", "run", "--env=AWS_SECRET_ACCESS_KEY=planted", "-e", "HF_TOKEN=planted", "-e", "HOME=/root"]),
    ["docker", "run", "--env=AWS_SECRET_ACCESS_KEY=***", "-e", "HF_TOKEN=***", "-e", "HOME=/root"],
  );
  assertEquals(words(["curl", "-H", "X-Api-Key: planted one", "--header=X-Auth-Token: planted", "-H", "Accept: */*"]), [
    "curl",
    "-H",
    "X-Api-Key: ***",
    "--header=X-Auth-Token: ***",
    "-H",
    "Accept: */*",
  ]);
  assertEquals(text("sh -c \"curl -H 'X-Api-Key: planted' --url u\""), "sh -c \"curl -H 'X-Api-Key: ***' --url u\"");
  assertEquals(words(["llama-server", "-hft", "planted", "-hfr", "repository"]), [
    "llama-server",
    "-hft",
    "***",
    "-hfr",
    "repository",
  ]);
});

Deno.test("a value is hidden to its end, however it is quoted", () => {
  const { text } = redactor();
  assertEquals(text(`TOKEN=pla"nted one"'d two' rest`), "TOKEN=*** rest");
  assertEquals(text(`TOKEN="planted \\" one" rest`), "TOKEN=*** rest");
  assertEquals(text('--token "planted and never closed'), "--token ***");
  assertEquals(text('{"token": 12345, "port": 1}'), '{"token": ***, "port": 1}');
  assertEquals(text("say 'token=planted' twice"), "say 'token=***' twice");
  assertEquals(text("https://me:pla@nted@host/x"), "https://***@host/x");
});

Deno.test("what a macro with a secret's name comes to is hidden wherever it is used", () => {
  const { text } = redactor(`
macros: {part: planted, hf_token: "hf-\${part}", port: 1234}
models:
  a: {cmd: "x \${PORT} \${hf_token}", macros: {part: buried, api_key: 12345678}}
`);
  assertEquals(text("hf-planted hf-buried 12345678 1234"), "*** *** *** 1234");
});

Deno.test("keys of well-known forms are hidden without any name", () => {
  const { text } = redactor();
  assertEquals(text("x sk-planted0123456789abcd y hf_planted0123456789abcd"), "x *** y ***");
  assertEquals(text("sk-small hf_hub task-planted0123456789abcd"), "sk-small hf_hub task-planted0123456789abcd");
});

Deno.test("no planted secret is in the printed config, wherever free keys may stand", () => {
  const text = `
macros: {hf_token: planted-1}
peers:
  p: {proxy: "http://h", apiKey: planted-2, models: [m], filters: {setParams: {api_key: planted-3, size: 1}}}
models:
  a:
    cmd: docker run -e SECRET=planted-4 --env=API_KEY=planted-5 \${hf_token} \${PORT}
    metadata: {api_key: planted-6, deep: {tokens: 5, token: [planted-7, {a: planted-8}]}}
    filters:
      setParams: {api_key: planted-9}
      setParamsByID: {b: {password: planted-0}}
    aliases: [my-key]
`;
  const { config } = loadConfig({ texts: [{ text, file: "c.yaml" }], env: () => undefined });
  const printed = JSON.stringify(printableConfig(config, redactor(text)));
  assertEquals(printed.match(/planted-\d/g), null);
  assertStringIncludes(printed, '"aliases":{"my-key":"a","b":"a"}');
  assertStringIncludes(printed, '"tokens":5');
  assertStringIncludes(printed, '"size":1');
});

Deno.test("a long run of anything is read once: what would cost its square would not end", () => {
  const { text, words, env } = redactor("apiKeys: [abcdef]\n");
  const runs = [
    "a",
    "-",
    "a-",
    " ",
    "a ",
    "a=",
    "token=",
    "token: ",
    '"a"',
    '"',
    "'",
    "\\",
    "${a}",
    "a://",
    "a@",
    "sk-",
    "bearer ",
  ];
  for (const run of runs) {
    const long = run.repeat(100_000);
    for (const around of [long, `--token ${long}`, `--token=${long}`, `"token": "${long}`, `bearer ${long}`]) {
      assertEquals(typeof text(around) + words([around]).length + typeof env(around), "string1string");
    }
  }
});

Deno.test("what follows a flag that is named like a secret is hidden wherever else it stands", () => {
  const { config } = loadConfig({
    texts: [{
      file: "c.yaml",
      text: `models:
  a:
    cmd: serve --port \${PORT} --api-key LongSecret12345 --hf-token=Other0Secret --max-tokens 1234567890A
    cmdStop: stop --token StopSecret99
  b: {cmd: "other --port \${PORT} LongSecret12345"}
`,
    }],
    env: () => undefined,
  });
  const redactor = createRedactor(config, { environment: new Map(), macros: [] });
  assertEquals(redactor.words(config.models.get("b")?.command ?? []).at(-1), "***");
  assertEquals(
    redactor.text("LongSecret12345, Other0Secret, StopSecret99, 1234567890A"),
    "***, ***, ***, 1234567890A",
  );
});
