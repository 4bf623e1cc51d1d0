import { z } from 'zod';

/** What a session remembers, checked before each write. */
export const SessionData = z.strictObject({
  /** The posts that were written in this session, newest last. */
  written: z.array(z.number().int()).max(1000),
  /** A sign-in whose password was right and whose second factor is still to come. */
  pending: z
    .strictObject({ user: z.string(), startedAt: z.number(), remember: z.boolean(), returnTo: z.string() })
    .optional(),
  /** A second factor that is being set up: its secret, sealed. */
  enrolment: z.string().optional(),
});

export type SessionData = z.output<typeof SessionData>;
