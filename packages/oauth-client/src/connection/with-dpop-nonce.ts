import * as oauth from 'oauth4webapi';

/**
 * Does a request with a DPoP proof, and once more when the server wants its nonce in the proof: the handle has remembered it by then.
 * @see RFC 9449 section 8
 */
export async function withDpopNonce<R>(dpop: oauth.DPoPHandle | undefined, request: () => Promise<R>): Promise<R> {
  try {
    return await request();
  } catch (error) {
    if (dpop === undefined || !oauth.isDPoPNonceError(error)) throw error;
    return request();
  }
}
