import { type KeyFormatOptions, parseFormatOptions } from '../key-format.js';

/**
 * The regular expression, as text, that finds keys of a brand in files and logs. It uses nothing that scanners lack (no
 * look-around), so hand it to GitHub's partner programme, to custom patterns, gitleaks or trufflehog. What it finds has
 * the right shape only: `createKeyFormat(...).shapeOf` checks the checksum too.
 * @throws {CoreError} `invalid_option` for a brand or environment that is not plain.
 */
export function secretScanningPattern(options: KeyFormatOptions): string {
  const { brand, environments } = parseFormatOptions(options);
  return `${brand}_(?:${environments.join('|')})_[0-9A-Za-z]{46}`;
}
