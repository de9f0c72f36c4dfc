/**
 * Values by path, without making texts of the paths: a name may be a text of some megabytes, and stands in many paths.
 *
 * @module
 */

import type { ConfigPath } from "./issues.ts";

/** A place below which others are. */
export interface PathNode<Value> {
  /** What was put here. */
  value?: Value;
  /** The next places by their step. */
  readonly steps: Map<string | number, PathNode<Value>>;
}

/** Values by path. */
export class PathMap<Value> {
  /** The place of the empty path. */
  readonly root: PathNode<Value> = { steps: new Map() };

  /** The value at exactly this path. */
  get(path: ConfigPath): Value | undefined {
    return this.#find(path)?.value;
  }

  /** The value nearest to the top that was put at this path or above it. */
  nearest(path: ConfigPath): Value | undefined {
    let node: PathNode<Value> | undefined = this.root;
    for (const step of path) {
      node = node.steps.get(step);
      if (node === undefined || node.value !== undefined) return node?.value;
    }
    return undefined;
  }

  /** Whether a value was put at this path or below it. */
  has(path: ConfigPath): boolean {
    return this.#find(path) !== undefined;
  }

  /** Puts a value at a path. */
  set(path: ConfigPath, value: Value): void {
    let node = this.root;
    for (const step of path) {
      let next = node.steps.get(step);
      if (next === undefined) node.steps.set(step, next = { steps: new Map() });
      node = next;
    }
    node.value = value;
  }

  #find(path: ConfigPath): PathNode<Value> | undefined {
    let node: PathNode<Value> | undefined = this.root;
    for (const step of path) node = node?.steps.get(step);
    return node;
  }
}
