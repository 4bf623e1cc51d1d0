import { has, type Mask, union } from './bit-mask.js';
import type { CompiledVocabulary } from './compile-vocabulary.js';
import type { CompiledPermission } from './compiled-policy.js';

/** What a list of roles comes to. */
export interface Grant {
  /** Decides. */
  readonly mask: Mask;
  /** The mask's permissions without a rule: all that a caller without a ceiling has when no resource is given. */
  readonly plain: ReadonlySet<string> | undefined;
}

interface Node extends Grant {
  readonly next: Map<string, Node>;
}

// Lists that are kept: more than an application has, and few enough to hold.
const maxNodes = 256;

/**
 * Remembers what lists of roles come to, as a tree with a step for each role that adds something. Keyed by the names
 * themselves, never by a joined string, in which one name could pose as two.
 */
export function createRoleGrants(
  { roles, nothing }: CompiledVocabulary,
  permissions: ReadonlyMap<string, CompiledPermission>,
): (held: readonly string[]) => Grant {
  let nodes = 0;

  function createNode(mask: Mask): Node {
    if (++nodes > maxNodes) return { mask, plain: undefined, next: new Map() };
    const plain = [...permissions.values()].filter((permission) => has(mask, permission) && !permission.rule);
    return { mask, plain: new Set(plain.map(({ name }) => name)), next: new Map() };
  }

  function step(from: Node, name: string): Node {
    const mask = union(from.mask, roles.get(name)?.mask ?? nothing);
    if (mask.every((word, at) => word === from.mask[at])) return from;
    const to = createNode(mask);
    if (nodes <= maxNodes) from.next.set(name, to);
    return to;
  }

  const root = createNode(nothing);
  return (held) => {
    let node = root;
    for (const name of held) node = node.next.get(name) ?? step(node, name);
    return node;
  };
}
