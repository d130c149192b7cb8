import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface Certificate {
  readonly key: string
  readonly cert: string
}

let made: Certificate | undefined

/** A certificate for loopback that signs itself, made once a process. Throws where there is no openssl: see `hasTool()`. */
export function loopbackCertificate(): Certificate {
  made ??= make()
  return made
}

function make(): Certificate {
  const folder = mkdtempSync(join(tmpdir(), 'vmss-tls-'))
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
  try {
    const kind = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2']
    const names = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1,DNS:localhost']
    const { status, stderr } = spawnSync('openssl', [...kind, ...names, '-keyout', key, '-out', cert], {
      encoding: 'utf8',
    })
    if (status !== 0) throw new Error(`openssl made no certificate: ${stderr ?? 'is it installed?'}`)
    return { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') }
  } finally {
    rmSync(folder, { recursive: true })
  }
}
