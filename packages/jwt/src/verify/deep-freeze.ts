/** Freezes plain data all the way down. Instances of classes are left alone: a Date or Map that a schema made cannot be frozen. */
export function deepFreeze(value: unknown): void {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== Array.prototype && prototype !== null) return;
  Object.freeze(value);
  for (const name in value) {
    const member: unknown = value[name as keyof typeof value];
    // Looked at here, because most members are text and a call costs more than this.
    if (typeof member === 'object') deepFreeze(member);
  }
}
