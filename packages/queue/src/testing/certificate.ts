import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

export interface Certificate {
  readonly certFile: string
  readonly keyFile: string
  /** What a client has to trust, as PEM. */
  readonly ca: string
}

/**
 * Makes a certificate for 127.0.0.1 and localhost, valid for two days, that only a test trusts.
 * Undefined where there is no `openssl`.
 */
export function makeCertificate(folder: string): Certificate | undefined {
  const [certFile, keyFile] = [join(folder, 'cert.pem'), join(folder, 'key.pem')]
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', keyFile]
  const names = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1,DNS:localhost']
  try {
    execFileSync('openssl', ['req', '-x509', '-days', '2', ...key, ...names, '-out', certFile], { stdio: 'pipe' })
  } catch (error) {
    if ((error as { code?: string }).code === 'ENOENT') return undefined
    throw error
  }
  return { certFile, keyFile, ca: readFileSync(certFile, 'utf8') }
}
