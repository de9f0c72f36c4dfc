/**
 * Which requests are told something while they wait: streams of chats, texts, responses and messages, where the config asks
 * for it.
 *
 * @module
 */

import { showsLoading } from "../gateway/loading_state.ts";
import type { EarlyWords } from "./early_answer.ts";
import type { LocalCall } from "./local_call.ts";

/** Paths at the backend whose streams are events; others may stream something else. */
const STREAMS = /^\/(?:v1\/)?(?:chat\/completions|completions|responses|messages)\/?(?:\?|$)/;

/** What is said; null for nothing, which costs next to nothing to find out. */
export function earlyWordsFor(call: LocalCall): EarlyWords | null {
  const { context, model, path } = call;
  const settings = context.config.models.get(model);
  if (settings === undefined) return null;
  const { queueKeepAliveMs: keepAliveMs, sendLoadingState } = settings;
  if (keepAliveMs === null && !sendLoadingState) return null;
  if (!STREAMS.test(path) || !call.wantsStream) return null;
  const loading = sendLoadingState && showsLoading(path) ? model : null;
  return loading === null && keepAliveMs === null ? null : { loading, keepAliveMs };
}
