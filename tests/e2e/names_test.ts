import { assertEquals, assertNotEquals, assertStringIncludes } from "@std/assert";
import { chat, fakeEngine, startGateway } from "./gateway.ts";

const SENT =
  '{ "messages" : [{"role":"user","content":"model: \\"a\\""}],\n"model":"NAME", "top_p":0.5, "n":1.0, "stop":[ "x" ]}';

async function bodyAt(url: string, model: string, path = "/infill"): Promise<string> {
  const headers = { "content-type": "application/json" };
  const response = await fetch(url + path, { method: "POST", headers, body: SENT.replace("NAME", model) });
  return (await response.json()).body;
}

Deno.test("SV66 SV67 SV68: the backend receives what was sent with the configured name and filters, and every other byte as it was", async () => {
  await using gateway = await startGateway({
    config: `
models:
  plain: { cmd: "${fakeEngine("")}", aliases: [nick] }
  renamed: { cmd: "${fakeEngine("")}", useModelName: vendor/real }
  filtered:
    cmd: "${fakeEngine("")}"
    filters:
      stripParams: top_p, stop
      setParams: { n: 2, cache.type: q8 }
      setParamsByID: { "filtered:high": { n: 3, reasoning: true } }
`,
  });
  const { url } = gateway;
  const as = (model: string) => SENT.replace("NAME", model);
  assertEquals(await bodyAt(url, "plain"), as("plain"));
  assertEquals(await bodyAt(url, "nick"), as("nick"));
  assertEquals(await bodyAt(url, "plain:latest", "/completion"), as("plain"));
  assertEquals(await bodyAt(url, "renamed"), as("vendor/real"));
  const messages = '{ "messages" : [{"role":"user","content":"model: \\"a\\""}]';
  assertEquals(await bodyAt(url, "filtered"), `${messages},\n"model":"filtered", "n":2,"cache":{"type":"q8"}}`);
  const { n, reasoning, model } = JSON.parse(await bodyAt(url, "filtered:high"));
  assertEquals([n, reasoning, model], [3, true, "filtered:high"]);
  const props = await (await fetch(`${url}/props?b=%2f&model=renamed&a=+`)).json();
  assertEquals(props.query, "?b=%2f&model=vendor%2Freal&a=+");
  assertEquals(
    JSON.parse(await (await fetch(`${url}/upstream/renamed/infill`, { method: "POST", body: as("renamed") })).text())
      .body,
    as("renamed"),
  );
  const form = new FormData();
  form.append("temperature", "0.1");
  form.append("file", new File([new Uint8Array(70_000)], 'a "b".wav', { type: "audio/wav" }));
  form.append("model", "renamed");
  form.append("file", new File(["model"], "model", { type: "text/x" }));
  const heard = await (await fetch(`${url}/v1/audio/transcriptions`, { method: "POST", body: form })).json();
  assertEquals(heard.fields, { temperature: ["0.1"], model: ["vendor/real"] });
  assertEquals(
    heard.files.map(({ field, type, bytes }: { field: string; type: string; bytes: number }) => [field, type, bytes]),
    [
      ["file", "audio/wav", 70_000],
      ["file", "text/x", 5],
    ],
  );
});

Deno.test("SV93 SV94 SV100: a profile is switched under traffic: nothing fails, each request goes by the one that it found", async () => {
  const model = (id: string) => `  ${id}: { cmd: "${fakeEngine(`--model ${id} --token-ms 5`)}" }\n`;
  await using gateway = await startGateway({
    config: `
routing: { scheduler: { use: fifo }, router: { settings: { groups: { all: { swap: false, members: [day, night] } } } } }
models:
${model("day")}${model("night")}
profiles:
  late: { pins: { helper: night, day: night } }
  early: { pins: { helper: day, night: "" } }
`,
  });
  const { url } = gateway;
  const activate = async (name: string | null) => {
    const headers = { "content-type": "application/json" };
    const response = await fetch(`${url}/api/profiles/active`, {
      method: "PUT",
      headers,
      body: JSON.stringify({ name }),
    });
    assertEquals((await response.json()).active, name);
  };
  assertEquals((await (await chat(url, "helper")).json()).error.code, "not_found");
  await activate("early");
  const before = await chat(url, "helper", { stream: true });
  let isOver = false;
  const seen = new Set<string>();
  const traffic = Array.from({ length: 6 }, async () => {
    while (!isOver) {
      const answer = await chat(url, "helper");
      seen.add(`${answer.status} ${(await answer.json()).model}`);
    }
  });
  for (let round = 0; round < 5; round++) {
    for (const [profile, target] of [["late", "night"], ["early", "day"]] as const) {
      await activate(profile);
      assertEquals((await (await chat(url, "helper")).json()).model, target);
    }
  }
  isOver = true;
  await Promise.all(traffic);
  assertEquals([...seen].sort(), ["200 day", "200 night"]);
  assertStringIncludes(await before.text(), '"model":"day"');
  assertStringIncludes((await (await chat(url, "night")).json()).error.message, "switched off by the active profile");
  await activate("late");
  assertEquals((await (await fetch(`${url}/upstream/day/x`)).json()).model, "night");
  await activate(null);
  assertEquals((await (await chat(url, "night")).json()).model, "night");
});

Deno.test("SV101 SV102 SV106: under fifo selectors choose what is warm and spill over to the next, over real processes", async () => {
  const model = (id: string) => `  ${id}: { cmd: "${fakeEngine(`--model ${id} --tokens 2 --token-ms 400`)}" }\n`;
  await using gateway = await startGateway({
    config: `
routing: { scheduler: { use: fifo }, router: { settings: { groups: { all: { swap: false, members: [a, b, c] } } } } }
models:
${model("a")}${model("b")}${model("c")}
selectors:
  near: { strategy: warm, targets: [a, b, c] }
  wide: { strategy: spillover, targets: [a, b, c], settings: { spillover: 1 } }
`,
  });
  const { url } = gateway;
  const modelOf = async (answer: Promise<Response>) => (await (await answer).json()).model;
  await modelOf(chat(url, "c"));
  assertEquals(await modelOf(chat(url, "near")), "c"); // a is first, but not loaded
  const models = await Promise.all([1, 2, 3].map(() => modelOf(chat(url, "wide"))));
  assertEquals(models.sort(), ["a", "b", "c"]);
  assertEquals(await modelOf(chat(url, "near")), "a");
  const busy = await chat(url, "wide", { stream: true });
  const reader = busy.body?.pipeThrough(new TextDecoderStream()).getReader();
  const first = /"model":"(.)"/.exec((await reader?.read())?.value ?? "")?.[1];
  const { requests } = await (await fetch(`${url}/api/inflight`)).json();
  assertEquals([requests.length, requests[0].metadata?.selector, requests[0].model], [1, "wide", first]);
  assertNotEquals(await modelOf(chat(url, "wide")), first);
  await reader?.cancel();
});
