import Bowser from 'bowser';

/** What a browser says of itself, in words. A claim: nothing may be decided by it. */
export interface Device {
  /** `Firefox`, `Chrome` … */
  readonly browser: string | undefined;
  /** `macOS`, `Android` … */
  readonly os: string | undefined;
  readonly kind: 'desktop' | 'mobile' | 'tablet' | 'tv' | 'bot' | undefined;
}

const kinds = ['desktop', 'mobile', 'tablet', 'tv', 'bot'] as const;

/** Reads a User-Agent for a list of sessions. */
export function describeDevice(userAgent: string | undefined): Device {
  if (userAgent === undefined || userAgent.trim() === '') return { browser: undefined, os: undefined, kind: undefined };
  const { browser, os, platform } = Bowser.parse(userAgent);
  return {
    browser: browser.name || undefined,
    os: os.name || undefined,
    kind: kinds.find((kind) => kind === platform.type),
  };
}

// Reading a User-Agent costs more than all else of a request, and most requests come from few kinds of browser.
const known = new Map<string, Device>();
const mostKnown = 500;

/** `describeDevice`, remembered for the User-Agents seen lately. */
export function deviceOf(userAgent: string | undefined): Device {
  const key = userAgent ?? '';
  let device = known.get(key);
  if (device === undefined) {
    device = Object.freeze(describeDevice(userAgent));
    if (known.size >= mostKnown) known.clear();
    known.set(key, device);
  }
  return device;
}
