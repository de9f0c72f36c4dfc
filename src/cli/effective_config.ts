/**
 * The effective configuration as something to print: plain values, without secrets.
 *
 * @module
 */

import { splitCommand } from "../config/command.ts";
import type { Config } from "../config/types.ts";
import { PLATFORM } from "./config_files.ts";
import { REDACTED, type Redactor } from "../config/redact.ts";
import { isSecretName } from "../config/secret_names.ts";
import { quoteWords } from "./shell_words.ts";

/** Makes plain objects, lists and scalars of a config, with every secret hidden. */
export function printableConfig(config: Config, redactor: Redactor): Readonly<Record<string, unknown>> {
  const { models, peers, apiKeys, trustProxy, ...rest } = config;
  const plain = toPlain(rest, redactor) as Record<string, unknown>;
  return {
    ...plain,
    trustProxy: { ...trustProxy, ranges: trustProxy.ranges.map(({ written }) => written) },
    apiKeys: apiKeys.map((key) => ({
      ...toPlain({ ...key, key: null }, redactor) as Record<string, unknown>,
      key: REDACTED,
    })),
    peers: Object.fromEntries(
      [...peers].map(([id, peer]) => {
        const shown = toPlain({ ...peer, apiKey: null }, redactor) as Record<string, unknown>;
        return [id, { ...shown, apiKey: peer.apiKey === null ? null : REDACTED }];
      }),
    ),
    models: Object.fromEntries(
      [...models].map(([id, model]) => {
        // The command is shown as words: its text, and the key that is made of it, may hold secrets in any form.
        const { cmd: _cmd, processKey: _key, command, worker, cmdStop, env, ...others } = model;
        const shown = toPlain(others, redactor) as Record<string, unknown>;
        return [id, {
          ...shown,
          ...(worker === null
            ? { command: redactor.words(command) }
            : { worker: { module: redactor.text(worker.module), args: redactor.words(worker.args) } }),
          cmdStop: cmdStop === null ? null : quoteWords(redactor.words(splitCommand(cmdStop, PLATFORM))),
          env: env.map(redactor.env),
        }];
      }),
    ),
  };
}

/** Keys below which stands what the author likes: there a key's name says whether its value is secret. */
const FREE: ReadonlySet<string> = new Set(["metadata", "set", "setByName"]);

function toPlain(value: unknown, redactor: Redactor, isFree = false): unknown {
  if (typeof value === "string") return redactor.text(value);
  if (Array.isArray(value)) return value.map((item) => toPlain(item, redactor, isFree));
  if (value instanceof Map) return toPlain(Object.fromEntries(value), redactor, isFree);
  if (value instanceof Set) return toPlain([...value], redactor, isFree);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).filter(([, item]) => item !== undefined && !isMachinery(item));
  return Object.fromEntries(
    entries.map(([key, item]) => [
      key,
      isFree && isSecretName(key) ? withoutScalars(item) : toPlain(item, redactor, isFree || FREE.has(key)),
    ]),
  );
}

/** A switch is no secret, and says more than it hides. */
function withoutScalars(value: unknown): unknown {
  if (typeof value === "boolean" || value === null) return value;
  if (Array.isArray(value)) return value.map(withoutScalars);
  if (typeof value !== "object") return REDACTED;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withoutScalars(item)]));
}

/** Whether a value acts instead of saying something: what it was made of stands beside it. */
function isMachinery(value: unknown): boolean {
  return typeof value === "function" || value instanceof RegExp;
}
