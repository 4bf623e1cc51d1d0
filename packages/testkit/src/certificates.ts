import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { missing } from './services.js';
import { findProgram } from './throwaway.js';

/** A certificate with its key, as PEM. */
export interface Certificate {
  readonly key: string;
  readonly cert: string;
}

/** An authority of a test's own. */
export interface CertificateAuthority {
  /** Its certificate, as PEM. */
  readonly ca: string;
  /** A certificate for this common name, and for 127.0.0.1. */
  issue(name: string): Certificate;
}

/** Makes an authority; `undefined` where there is no openssl. */
export function certificateAuthority(): CertificateAuthority | undefined {
  const openssl = findProgram('openssl');
  if (openssl === undefined) return missing('Certificate', 'no openssl');
  const inFolder = <R>(work: (folder: string, run: (...args: string[]) => void) => R): R => {
    const folder = mkdtempSync(join(tmpdir(), 'portcullis-'));
    try {
      return work(folder, (...args) => {
        const { status, stderr } = spawnSync(openssl, args, { cwd: folder, encoding: 'utf8' });
        if (status !== 0) throw new Error(`openssl ${args[0]}: ${stderr}`);
      });
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  };
  const read = (folder: string, file: string): string => readFileSync(join(folder, file), 'utf8');
  const request = (name: string): string[] =>
    `req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key -subj /CN=${name}`.split(' ');
  const root = inFolder((folder, run) => {
    run(...request('authority'), '-x509', '-days', '2', '-out', 'cert');
    return { key: read(folder, 'key'), cert: read(folder, 'cert') };
  });
  return {
    ca: root.cert,
    issue: (name) =>
      inFolder((folder, run) => {
        writeFileSync(join(folder, 'ca.key'), root.key);
        writeFileSync(join(folder, 'ca.cert'), root.cert);
        writeFileSync(join(folder, 'extensions'), 'subjectAltName = IP:127.0.0.1\n');
        run(...request(name), '-out', 'request');
        run(
          ...'x509 -req -in request -CA ca.cert -CAkey ca.key -CAcreateserial -days 2 -extfile extensions -out cert'.split(
            ' ',
          ),
        );
        return { key: read(folder, 'key'), cert: read(folder, 'cert') };
      }),
  };
}
