import { request } from 'node:https'
import type { Fetch } from '../../ports.ts'

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
