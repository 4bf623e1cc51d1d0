import { apiKeyCollection, apiKeyFenceCollection } from '@portcullis/api-key';
import { type CollectionShape, leaseCollection } from '@portcullis/core/storage';
import { refreshFamilyCollection, revocationCollection, signingKeyCollection } from '@portcullis/jwt';
import { fenceCollection, sessionCollection } from '@portcullis/session';

/** The collections of every feature package that keeps records. */
export const knownCollections: readonly CollectionShape[] = [
  apiKeyCollection,
  apiKeyFenceCollection,
  sessionCollection,
  fenceCollection,
  refreshFamilyCollection,
  revocationCollection,
  signingKeyCollection,
  leaseCollection,
];
