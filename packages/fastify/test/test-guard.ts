import { type Authenticator, createGuard, deny, type Guard, type Vocabulary } from '@portcullis/core';
import { createPolicy } from '@portcullis/core/policy';

export interface User {
  readonly kind: 'user';
  readonly id: string;
}

/** Bearer tokens that are the user's id; `bad` is refused and `slow` waits for `release`. */
export function createTestGuard(): { readonly guard: Guard<User, Vocabulary>; release(): void } {
  let release = (): void => undefined;
  const waiting = new Promise<void>((resolve) => (release = resolve));
  const authenticator: Authenticator<User> = {
    scheme: 'token',
    transport: 'explicit',
    claims: (request) => request.header('authorization') !== undefined,
    authenticate(request) {
      const id = request.header('authorization')?.slice('Bearer '.length) ?? '';
      if (id === 'bad') return { outcome: 'rejected', denial: deny('invalid_token') };
      const result = {
        outcome: 'authenticated',
        principal: { kind: 'user', id },
        credential: { scheme: 'token', id },
      } as const;
      return id === 'slow' ? waiting.then(() => result) : result;
    },
    challenge: () => ({ scheme: 'Bearer', params: {} }),
  };
  const policy = createPolicy({ permissions: ['posts:read', 'posts:delete'], roles: { reader: ['posts:read'] } });
  const guard = createGuard({ authenticators: [authenticator], policy, roles: () => ['reader'] });
  return { guard: guard as unknown as Guard<User, Vocabulary>, release };
}
