import { CoreError } from '../errors/core-errors.js';

const maxDepth = 64;

// With the u flag a surrogate in a class matches only where it stands alone.
const unfitText = /[\0\ud800-\udfff]/u;

/**
 * A deeply frozen copy of JSON data, so that what a caller does to its object later cannot change what is stored.
 *
 * Refuses what databases would change or lose in silence: integers that are not safe, NaN, bigint, Date, class instances (a `Secret`
 * among them), `undefined` in an array, NUL and lone surrogates in text, nesting past 64 levels. A field that is `undefined` is left out.
 *
 * @throws CoreError `invalid_record`, naming the collection and the top-level field, never a value
 */
export function copyData<T extends object>(data: T, collection: string): T {
  const refuse = (field: string, problem: string): never => {
    throw new CoreError(
      'invalid_record',
      `${collection}: ${field === '' ? 'the record' : JSON.stringify(field.slice(0, 40))} ${problem}`,
    );
  };
  if (typeof data !== 'object' || data === null || Array.isArray(data)) return refuse('', 'must be a plain object.');
  return copyValue(data, { refuse, field: '', depth: 0 }) as T;
}

/** Freezes data that nobody else holds yet, however deep. */
export function freezeDeep<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const inner of Object.values(value)) freezeDeep(inner);
  }
  return value;
}

interface Place {
  readonly refuse: (field: string, problem: string) => never;
  readonly field: string;
  readonly depth: number;
}

function copyValue(value: unknown, place: Place): unknown {
  switch (typeof value) {
    case 'string':
      return unfitText.test(value)
        ? place.refuse(place.field, 'holds NUL or a lone surrogate, which not every database can store.')
        : value;
    case 'boolean':
      return value;
    case 'number':
      return copyNumber(value, place);
    case 'object':
      return value === null ? null : copyObject(value, place);
    default:
      return place.refuse(place.field, `holds a ${typeof value}, which is not JSON. Store a bigint as a string.`);
  }
}

function copyNumber(value: number, place: Place): number {
  if (!Number.isFinite(value) || (Number.isInteger(value) && !Number.isSafeInteger(value))) {
    return place.refuse(place.field, 'holds a number that JSON or a database would round. Store it as a string.');
  }
  // JSON has no -0.
  return value === 0 ? 0 : value;
}

function copyObject(value: object, place: Place): unknown {
  if (place.depth >= maxDepth)
    return place.refuse(place.field, `is nested deeper than ${maxDepth} levels, or holds itself.`);
  if (Array.isArray(value)) {
    const inner = { ...place, depth: place.depth + 1 };
    return Object.freeze(Array.from(value as readonly unknown[], (item) => copyValue(item, inner)));
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) {
    return place.refuse(
      place.field,
      'holds an object of a class, which is not JSON. Store a Date as milliseconds and a Secret as its hash.',
    );
  }
  const copy: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(value)) {
    if (item === undefined) continue;
    const field = place.depth === 0 ? key : place.field;
    if (unfitText.test(key))
      place.refuse(place.depth === 0 ? '' : field, 'has a field name with NUL or a lone surrogate.');
    const inner = copyValue(item, { refuse: place.refuse, field, depth: place.depth + 1 });
    // Assignment to __proto__ would change the prototype instead of storing a field.
    if (key === '__proto__')
      Object.defineProperty(copy, key, { value: inner, enumerable: true, configurable: true, writable: true });
    else copy[key] = inner;
  }
  return Object.freeze(copy);
}
