import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Fetch } from '../ports.ts'

/** Whether a program can be run here. Says aloud what stays untested where it cannot. */
export function hasTool(program: string, untested: string): boolean {
  const found = spawnSync(program, ['--version'], { stdio: 'ignore' }).error === undefined
  if (!found) process.stderr.write(`SKIPPED: ${program} is not installed, so ${untested}\n`)
  return found
}

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

/** `fetch` that trusts one more authority, which the platform's cannot be told to. Knows what this package uses. */
export const trustingFetch =
  (ca: string): Fetch =>
  (url, init) =>
    new Promise((resolve, reject) => {
      const headers = Object.fromEntries(new Headers(init.headers))
      const signal = init.signal ?? undefined
      const sent = request(
        url,
        { ca, headers, method: init.method ?? 'GET', agent: false, ...(signal ? { signal } : {}) },
        (reply) => {
          const chunks: Buffer[] = []
          reply.on('data', (chunk: Buffer) => chunks.push(chunk))
          reply.on('error', reject)
          reply.on('end', () => {
            const status = reply.statusCode ?? 500
            const body = status === 204 ? null : Buffer.concat(chunks)
            resolve(new Response(body, { status, headers: reply.headers as Record<string, string> }))
          })
        },
      )
      sent.on('error', (error) => reject(signal?.aborted ? (signal.reason as Error) : error))
      sent.end(typeof init.body === 'string' ? init.body : undefined)
    })
