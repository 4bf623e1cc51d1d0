import { createPolicy, type Subject } from '@portcullis/core/policy';
import { requirement } from '@portcullis-internal/testkit';
import { describe, expect, it, vi } from 'vitest';

const onError = vi.fn();
const policy = createPolicy({
  permissions: ['payments:start', 'payments:read'],
  roles: { customer: ['*'] },
  details: {
    payment: (detail, { permission, resource }) =>
      permission === 'payments:start' && (resource as { amount: number }).amount <= Number(detail['limit']),
    broken: () => {
      throw new Error('broken');
    },
    late: (() => Promise.resolve(true)) as unknown as () => boolean,
  },
  onError,
});

function withDetails(authorizationDetails: unknown, over: Partial<Subject['credential']> = {}) {
  const credential = { scheme: 'jwt', id: 't1', authorizationDetails, ...over } as Subject['credential'];
  return policy.bind({ principal: { kind: 'user', id: 'ada' }, credential, roles: ['customer'] });
}

describe('createPolicy, authorization details', () => {
  it('lets details take part in the decision', () => {
    const { decide } = withDetails([{ type: 'payment', limit: 100 }]);
    expect(decide('payments:start', { amount: 100 })).toBe('granted');
    expect(decide('payments:start', { amount: 101 })).toBe('details');
    expect(decide('payments:read', { amount: 1 })).toBe('details');
  });

  it(`decides by sub, scope and authorization_details together ${requirement('C8')}`, () => {
    const payment = createPolicy({
      permissions: ['payments:start', 'payments:read'],
      roles: { customer: ['*'] },
      rules: (rule) => ({
        'payments:start': rule<{ payer: string; amount: number }>(
          ({ auth, resource }) => resource.payer === auth.principal.id,
        ),
      }),
      details: {
        payment: ({ limit }, { resource }) => (resource as { amount: number }).amount <= Number(limit),
      },
    });
    const verdict = (id: string, scopes: readonly string[] | undefined, limit: number, roles = ['customer']) => {
      const credential = { scheme: 'jwt', id: 't1', scopes, authorizationDetails: [{ type: 'payment', limit }] };
      return payment.bind({ principal: { kind: 'user', id }, credential, roles }).decide('payments:start', {
        payer: 'ada',
        amount: 10,
      });
    };
    expect(verdict('ada', ['payments:start'], 10)).toBe('granted');
    expect(verdict('ada', undefined, 10)).toBe('granted');
    expect(verdict('grace', ['payments:start'], 10)).toBe('rule');
    expect(verdict('ada', ['payments:read'], 10)).toBe('scope');
    expect(verdict('ada', ['payments:start'], 9)).toBe('details');
    expect(verdict('ada', ['payments:start'], 10, [])).toBe('role');
  });

  it('is satisfied by one detail of several', () => {
    const { decide } = withDetails([{ type: 'unread' }, { type: 'payment', limit: 1 }, { type: 'payment', limit: 5 }]);
    expect(decide('payments:start', { amount: 5 })).toBe('granted');
  });

  it.each([
    [[]],
    [[{ type: 'unread' }]],
    [[{ type: 'constructor' }]],
    [[{ type: '__proto__' }]],
    [[null, 7, 'payment', {}]],
    [{ type: 'payment', limit: 100 }],
    ['payment'],
    [null],
  ])('allows nothing with the details %j, which nobody reads', (details) => {
    const { decide, before, authorization } = withDetails(details);
    expect(before('payments:start')).toBe('details');
    expect(decide('payments:start', { amount: 1 })).toBe('details');
    expect(authorization.can('payments:read')).toBe(false);
  });

  it('denies when a reader throws or answers later, unless another detail allows', () => {
    onError.mockClear();
    expect(withDetails([{ type: 'broken' }]).decide('payments:start', { amount: 1 })).toBe('details');
    expect(withDetails([{ type: 'late' }]).decide('payments:start', { amount: 1 })).toBe('details');
    expect(onError).toHaveBeenCalledTimes(2);
    const both = withDetails([{ type: 'broken' }, { type: 'payment', limit: 1 }]);
    expect(both.decide('payments:start', { amount: 1 })).toBe('granted');
  });

  it('reads details also where no resource is given', () => {
    expect(withDetails([{ type: 'payment', limit: 1 }]).authorization.can('payments:read')).toBe(false);
  });
});
