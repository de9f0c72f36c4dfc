import { assertEquals, assertInstanceOf, assertMatch, assertStringIncludes } from "@std/assert";
import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";
import { clientTests, marked, MESSAGES, type World } from "./world.ts";

const FULL = "full-rights-of-the-test";
const NARROW = "narrow-rights-of-the-test";

/** One failure: what brings it about, and what each client makes of it. */
interface Failure {
  readonly status: number;
  readonly model?: string;
  readonly key?: string;
  /** What is said, in bytes of text; a few unless given. */
  readonly bytes?: number;
  /** The engine is asked to fail like that. */
  readonly byEngine?: boolean;
  readonly openai: readonly [kind: abstract new (...args: never) => Error, type: string, code: string];
  readonly anthropic: readonly [kind: abstract new (...args: never) => Error, type: string];
  /** A part of the message. */
  readonly says: string;
}

const FAILURES: Readonly<Record<string, Failure>> = {
  "no model": {
    status: 400,
    model: "",
    openai: [OpenAI.BadRequestError, "invalid_request_error", "bad_request"],
    anthropic: [Anthropic.BadRequestError, "invalid_request_error"],
    says: "model",
  },
  "a backend that refuses": {
    status: 400,
    byEngine: true,
    openai: [OpenAI.BadRequestError, "server_error", "fake"],
    anthropic: [Anthropic.BadRequestError, "server_error"],
    says: "fake failure",
  },
  "a wrong key": {
    status: 401,
    key: "wrong",
    openai: [OpenAI.AuthenticationError, "authentication_error", "unauthorized"],
    anthropic: [Anthropic.AuthenticationError, "authentication_error"],
    says: "key",
  },
  "a key without the right": {
    status: 403,
    key: NARROW,
    openai: [OpenAI.PermissionDeniedError, "authentication_error", "forbidden"],
    anthropic: [Anthropic.PermissionDeniedError, "permission_error"],
    says: "quick",
  },
  "an unknown model": {
    status: 404,
    model: "nobody",
    openai: [OpenAI.NotFoundError, "invalid_request_error", "not_found"],
    anthropic: [Anthropic.NotFoundError, "not_found_error"],
    says: "nobody",
  },
  "a body over the limit": {
    status: 413,
    bytes: 8 * 1024 * 1024,
    openai: [OpenAI.APIError, "invalid_request_error", "invalid_request"],
    anthropic: [Anthropic.ContentTooLargeError, "request_too_large"],
    says: "larger than 1048576 bytes",
  },
  "a backend without capacity": {
    status: 429,
    byEngine: true,
    openai: [OpenAI.RateLimitError, "server_error", "fake"],
    anthropic: [Anthropic.RateLimitError, "server_error"],
    says: "fake failure",
  },
  "a backend that fails": {
    status: 500,
    byEngine: true,
    openai: [OpenAI.InternalServerError, "server_error", "fake"],
    anthropic: [Anthropic.InternalServerError, "server_error"],
    says: "fake failure",
  },
  "a model that does not start": {
    status: 502,
    model: "broken",
    openai: [OpenAI.InternalServerError, "server_error", "bad_gateway"],
    anthropic: [Anthropic.InternalServerError, "api_error"],
    says: "broken",
  },
  "a backend that is busy": {
    status: 503,
    byEngine: true,
    openai: [OpenAI.InternalServerError, "server_error", "fake"],
    anthropic: [Anthropic.ServiceUnavailableError, "server_error"],
    says: "fake failure",
  },
};

/** What was thrown; fails when nothing was. */
async function thrownBy(call: () => PromiseLike<unknown>): Promise<unknown> {
  try {
    await call();
  } catch (thrown) {
    return thrown;
  }
  throw new Error("the call succeeded");
}

async function failsInBothClients({ openaiWith, anthropicWith }: World, name: string, stream: boolean): Promise<void> {
  const { status, model = "quick", key = FULL, bytes = 4, byEngine = false, says, ...expected } = FAILURES[name] ??
    {} as Failure;
  const messages = [{ role: "user" as const, content: "a".repeat(bytes) }];
  const headersFor = (client: string) => byEngine ? marked(`${status}-${client}-${stream}`, { status, times: 1 }) : {};
  const ofOpenai = await thrownBy(() =>
    openaiWith({ apiKey: key }).chat.completions.create({ model, messages, stream }, { headers: headersFor("o") })
  );
  const ofAnthropic = await thrownBy(() =>
    anthropicWith({ apiKey: key }).messages.create({ model, messages, stream, max_tokens: 9 }, {
      headers: headersFor("a"),
    })
  );
  assertInstanceOf(ofOpenai, expected.openai[0]);
  assertInstanceOf(ofOpenai, OpenAI.APIError);
  assertEquals([ofOpenai.status, ofOpenai.type, ofOpenai.code], [status, expected.openai[1], expected.openai[2]]);
  assertInstanceOf(ofAnthropic, expected.anthropic[0]);
  assertInstanceOf(ofAnthropic, Anthropic.APIError);
  assertEquals([ofAnthropic.status, ofAnthropic.type], [status, expected.anthropic[1]] as unknown[]);
  for (const { message, requestID } of [ofOpenai, ofAnthropic]) {
    assertStringIncludes(message, says);
    assertMatch(requestID ?? "", /^[0-9a-f-]{36}$/);
  }
}

clientTests(
  "official clients raise the right error",
  (engine) => `
apiKeys:
  - ${FULL}
  - { key: ${NARROW}, models: [other] }
limits: { requestBody: 1 }
models:
  quick: { cmd: ${engine()} }
  other: { cmd: ${engine()} }
  broken: { cmd: ${engine("--crash-on-start 3")} }
`,
  {
    ...Object.fromEntries(
      Object.entries(FAILURES).map(([name, { status }]) => [`${status}: ${name}`, async (world: World) => {
        await failsInBothClients(world, name, false);
        await failsInBothClients(world, name, true);
      }]),
    ),

    "an error names its request by the id in the gateway's log": async ({ openaiWith, gateway }) => {
      const error = await thrownBy(() =>
        openaiWith({ apiKey: FULL }).chat.completions.create({ model: "broken", messages: MESSAGES })
      );
      assertInstanceOf(error, OpenAI.APIError);
      await gateway.logged(`${error.requestID}: start_failed`);
    },

    "a key that may use one model lists that one alone": async ({ openaiWith }) => {
      const listed = await Array.fromAsync(openaiWith({ apiKey: NARROW }).models.list());
      assertEquals(listed.map(({ id }) => id), ["other"]);
    },
  },
);
