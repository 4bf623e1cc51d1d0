import { createEvents, type EventOf, type Events, type EventSink } from '../../src/events/events.js';

interface KeyEvents {
  'key.used': { readonly id: string };
  'key.revoked': { readonly id: string; readonly reason: string };
}
interface GateEvents {
  'gate.closed': { readonly path: string };
}

declare function keys(events: EventSink<KeyEvents>): void;
declare function gate(events: Events<GateEvents>): void;
declare function both(events: EventSink<KeyEvents & GateEvents>): void;

const wide = createEvents<KeyEvents & GateEvents>();
const narrow = createEvents<KeyEvents>();

// A stream of a wider map fits where a narrower one is needed, and not the other way round.
keys(wide);
keys(narrow);
gate(wide);
both(wide);
// @ts-expect-error a stream that does not know gate.closed
gate(narrow);
// @ts-expect-error a stream that does not know gate.closed
both(narrow);

wide.on('key.revoked', (event) => {
  const reason: string = event.reason;
  const type: 'key.revoked' = event.type;
  const at: number = event.at;
  return [reason, type, at];
});
wide.on('*', (event) => {
  if (event.type === 'gate.closed') return event.path;
  return event.id;
});
// @ts-expect-error no such event
wide.on('key.lost', () => {});
// @ts-expect-error a field is missing
wide.emit('key.revoked', { id: 'k' });
wide.emit('key.used', { id: 'k' });
// @ts-expect-error no such event
wide.wants('key.lost');

export const union: EventOf<KeyEvents>['type'] = 'key.used';
