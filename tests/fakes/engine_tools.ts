/**
 * How the fake engine answers a chat that offers tools: with a call of the first one, whole or in pieces, until its result is
 * among the messages.
 *
 * @module
 */

import type { AnswerFacts, AnswerShape } from "./engine_answers.ts";
import {
  anthropicHead,
  anthropicTail,
  anthropicWhole,
  data,
  named,
  openaiChunk,
  openaiWhole,
} from "./engine_answers.ts";

/** The arguments of every call, as JSON. */
const ARGUMENTS = '{"at":"noon"}';

/** The shape of an answer to `POST /v1/chat/completions` that calls this tool. */
export function chatToolShape(tool: string): AnswerShape {
  const call = ({ sequence }: AnswerFacts, args: string) => ({
    id: `call_${sequence}`,
    type: "function",
    function: { name: tool, arguments: args },
  });
  return {
    whole: (facts) =>
      openaiWhole(facts, "chat.completion", {
        message: { role: "assistant", content: null, tool_calls: [call(facts, ARGUMENTS)] },
        finish_reason: "tool_calls",
      }),
    head: (facts) =>
      data(openaiChunk(facts, "chat.completion.chunk", {
        delta: { role: "assistant", content: null, tool_calls: [{ index: 0, ...call(facts, "") }] },
        finish_reason: null,
      })),
    token: (facts, index) =>
      data(openaiChunk(facts, "chat.completion.chunk", {
        delta: { tool_calls: [{ index: 0, function: { arguments: pieceOf(facts, index) } }] },
        finish_reason: null,
      })),
    tail: (facts) =>
      data(openaiWhole(facts, "chat.completion.chunk", { delta: {}, finish_reason: "tool_calls" })) +
      "data: [DONE]\n\n",
  };
}

/** The shape of an answer to Anthropic's `POST /v1/messages` that calls this tool. */
export function messagesToolShape(tool: string): AnswerShape {
  const use = ({ sequence }: AnswerFacts, input: unknown) => ({
    type: "tool_use",
    id: `toolu_${sequence}`,
    name: tool,
    input,
  });
  return {
    whole: (facts) => anthropicWhole(facts, [use(facts, JSON.parse(ARGUMENTS))], "tool_use"),
    head: (facts) => anthropicHead(facts, use(facts, {})),
    token: (facts, index) =>
      named("content_block_delta", {
        index: 0,
        delta: { type: "input_json_delta", partial_json: pieceOf(facts, index) },
      }),
    tail: (facts) => anthropicTail(facts, "tool_use"),
  };
}

/** The name of the first tool that a request offers; undefined when it offers none, or brings a result already. */
export function toolAskedFor(body: Readonly<Record<string, unknown>>): string | undefined {
  const { tools, messages } = body as { readonly tools?: readonly OfferedTool[]; readonly messages?: unknown };
  const first = Array.isArray(tools) ? tools[0] : undefined;
  if (first === undefined || /"(?:role":"tool|type":"tool_result)"/.test(JSON.stringify(messages))) return undefined;
  return first.function?.name ?? first.name;
}

interface OfferedTool {
  readonly name?: string;
  readonly function?: { readonly name?: string };
}

/** The part of the arguments that token `index` brings; the last one brings the rest. */
function pieceOf({ tokens }: AnswerFacts, index: number): string {
  const size = Math.ceil(ARGUMENTS.length / tokens);
  return ARGUMENTS.slice(index * size, (index + 1) * size);
}
