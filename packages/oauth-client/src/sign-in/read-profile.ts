import { OAuthError } from '../errors.js';
import type { Profile, ProfileSources, Provider } from '../provider.js';

const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);

function pictureOf(value: unknown): string | undefined {
  const url = text(value);
  return url !== undefined && URL.canParse(url) && new URL(url).protocol === 'https:' ? url : undefined;
}

/**
 * A person as the provider's record maps them, with what must hold for an identity checked.
 * @throws {OAuthError} `provider_misbehaved` when there is no subject
 */
export function readProfile(provider: Provider, sources: ProfileSources): Profile {
  const mapped = provider.profile(sources);
  const { subject } = mapped;
  if (
    typeof subject !== 'string' ||
    subject.length < 1 ||
    subject.length > 255 ||
    !subject.isWellFormed() ||
    subject.includes('\0')
  ) {
    throw new OAuthError('provider_misbehaved', 'The provider did not say who the user is.');
  }
  const issuer = mapped.issuer ?? text(sources.claims['iss']) ?? provider.issuer;
  const email = text(mapped.email);
  return {
    issuer,
    subject,
    name: text(mapped.name),
    username: text(mapped.username),
    email,
    emailVerified: email !== undefined && mapped.emailVerified === true,
    picture: pictureOf(mapped.picture),
  };
}
