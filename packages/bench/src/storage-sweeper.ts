// A process of its own that sweeps one collection while it is told to, as `portcullis sweep` or a cron job does.
// Arguments: the place as JSON, and the time that it takes for now. It answers `halt` with how many it has deleted so far.
import { sweepExpired } from '@portcullis/core';
import { sessionCollection } from '@portcullis/session';
import { openPlace, type ScalePlace } from './scale-storages.js';

const [place = '', now = ''] = process.argv.slice(2);
const share = Number(process.env['SHARE'] ?? 0.2);
const limit = Number(process.env['LIMIT'] ?? 500);
const opened = await openPlace(JSON.parse(place) as ScalePlace, { clock: () => Number(now), filling: false });
const sessions = opened.storage.collection(sessionCollection);
let deleted = 0;
let halt = new AbortController();
let work: Promise<void> = Promise.resolve();
let done = false;

process.on('message', (said) => {
  if (said === 'go') {
    halt = new AbortController();
    const { signal } = halt;
    work = sweepExpired(sessions, { share, limit, signal }).then((gone) => {
      deleted += gone;
      done = !signal.aborted;
    });
    return;
  }
  halt.abort();
  work.then(
    () => process.send?.({ deleted, done }),
    (error: unknown) => {
      console.error(error);
      process.exit(1);
    },
  );
});
process.send?.('ready');
