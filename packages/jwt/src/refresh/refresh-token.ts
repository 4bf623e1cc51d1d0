/** The three parts of a refresh token's text. */
export interface RefreshTokenParts {
  /** Id of the login; public. */
  readonly family: string;
  /** Counts the rotations of the login, from 0. */
  readonly generation: number;
  /** HMAC-SHA256 in base64url. */
  readonly mac: string;
}

// Fifteen digits are safe integers, and more rotations than a login can see.
const pattern = /^([0-9A-Za-z]{22})\.(0|[1-9][0-9]{0,14})\.([0-9A-Za-z_-]{43})$/;

/** Writes a refresh token: `family.generation.mac`. */
export function formatRefreshToken({ family, generation, mac }: RefreshTokenParts): string {
  return `${family}.${generation}.${mac}`;
}

/**
 * Reads the text of a refresh token; `undefined` for anything that `formatRefreshToken` would not write: another
 * alphabet or length, a sign, a leading zero, white space. Says nothing of whether the token is genuine.
 */
export function parseRefreshToken(text: string): RefreshTokenParts | undefined {
  // The longest is 22 + 1 + 15 + 1 + 43.
  if (typeof text !== 'string' || text.length > 82) return undefined;
  const match = pattern.exec(text);
  if (match === null) return undefined;
  const [, family = '', digits = '', mac = ''] = match;
  return { family, generation: Number(digits), mac };
}
