import type { Command } from '../command.js';
import { driftLine, findDrift } from './migrate.js';

export const check: Command = {
  name: 'check',
  summary: 'Compare the database with what the application needs. Only reads.',
  options: {},
  details: 'Exits with 1 when something differs: for a deployment to stop at.',
  async run(context) {
    const opened = await context.open();
    const drift = await findDrift(context, opened);
    const text =
      drift.length === 0
        ? `${opened.name}: as it should be.\n`
        : `${drift.map((each) => `${driftLine(each)}\n`).join('')}\`portcullis migrate\` prints what mends it.\n`;
    await context.print(text, { storage: opened.name, drift });
    return drift.length === 0 ? 0 : 1;
  },
};
