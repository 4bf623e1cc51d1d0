/**
 * The wildcards that match something of a vocabulary: `*`, and `posts:*` where a permission begins with `posts:`.
 * `Before` is where it has come to on its way down a name: leave it out.
 */
export type Wildcard<P extends string, Before extends string = ''> =
  | '*'
  | (P extends `${infer Head}:${infer Rest}` ? `${Before}${Head}:*` | Wildcard<Rest, `${Before}${Head}:`> : never);

/** Whether a name asks to be expanded. Permissions hold no `*`, so there is no doubt. */
export function isWildcard(name: string): boolean {
  return name.includes('*');
}

/** The permissions that a wildcard stands for; none for one that is not `*` or `<prefix>:*`. */
export function expandWildcard(wildcard: string, permissions: Iterable<string>): readonly string[] {
  if (wildcard === '*') return [...permissions];
  const prefix = wildcard.slice(0, -1);
  if (!wildcard.endsWith(':*') || isWildcard(prefix)) return [];
  return [...permissions].filter((permission) => permission.startsWith(prefix));
}
