// A process of its own that sweeps one collection until nothing expired is left, as `portcullis sweep` or a cron job does.
// Arguments: the place as JSON, and the time that it takes for now. Prints how many records it deleted.
import { sessionCollection } from '@portcullis/session';
import { openPlace, type ScalePlace } from './scale-storages.js';

const [place = '', now = ''] = process.argv.slice(2);
const opened = await openPlace(JSON.parse(place) as ScalePlace, { clock: () => Number(now), filling: false });
const sessions = opened.storage.collection(sessionCollection);
let deleted = 0;
for (let batch = -1; batch !== 0; deleted += batch) batch = await sessions.deleteExpired(500);
console.log(deleted);
await opened.close();
