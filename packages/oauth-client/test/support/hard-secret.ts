/** The client `basic`'s: with characters that must be form-encoded before they go into the Authorization header. */
export const hardSecret = `a:b%c+d/e f&g=h~"!*()`;
