import { UsageError } from './failures.js';

const units: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };

/** Milliseconds of `90d`, `24h`, `15m`, `30s`, `2w`, or 0. */
export function parseDuration(option: string, text: string): number {
  const [, amount, unit = ''] = /^(\d{1,6})([smhdw])$/.exec(text) ?? [];
  const factor = units[unit];
  if (text === '0') return 0;
  if (amount === undefined || factor === undefined)
    throw new UsageError(`--${option} takes a number with s, m, h, d or w, as in 24h or 90d.`);
  return Number(amount) * factor;
}

/** A time: a duration from now, or a date as in 2027-01-31 or 2027-01-31T12:00:00Z. */
export function parseTime(option: string, text: string, now: number): number {
  if (/^\d+[smhdw]$/.test(text)) return now + parseDuration(option, text);
  const time = /^\d{4}-\d\d-\d\d(T[\d:.]+(Z|[+-]\d\d:\d\d))?$/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(time))
    throw new UsageError(`--${option} takes a duration (90d), a date (2027-01-31) or a date with time and zone.`);
  return time;
}
