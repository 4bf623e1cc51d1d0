/** The security requirements that a case proves, by their ids in Portcullis' list, as a suffix for its title. */
export function requirement(...ids: readonly string[]): string {
  return `(${ids.join(', ')})`;
}
