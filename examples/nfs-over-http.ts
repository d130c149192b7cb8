/*
 * Serves the files of an NFS export over HTTP on this machine, without a mount; `Range` requests work:
 *
 *   node examples/nfs-over-http.ts 'nfs://filer/animation?uid=1000&gid=100' 8080
 *   curl http://127.0.0.1:8080/scene1/camera.xml
 */
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { pipeline } from 'node:stream/promises'
import { isNfsError, mountExport, NfsFiles, parseNfsUrl } from '@cachewarmer/nfs'

const [url, port] = process.argv.slice(2)
if (url === undefined || !/^\d{1,5}$/.test(port ?? '')) {
  console.error('usage: node examples/nfs-over-http.ts nfs://HOST/EXPORT PORT')
  process.exit(2)
}

const statuses: Readonly<Record<string, number>> = {
  NOENT: 404,
  ACCES: 403,
  PERM: 403,
  OPTION_INVALID: 400,
  ISDIR: 404,
}

const mounted = await mountExport(parseNfsUrl(url))
const fs = new NfsFiles(mounted)

async function answer(path: string, range: string | undefined, response: ServerResponse): Promise<void> {
  const stats = await fs.stat(path)
  if (stats.isDirectory()) {
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify(await fs.readdir(path)))
    return
  }
  const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(range ?? '') ?? []
  const start = Number(from ?? 0)
  const end = Math.min(to ? Number(to) : Number.POSITIVE_INFINITY, stats.size - 1)
  if (from !== undefined && start > end) {
    response.writeHead(416, { 'content-range': `bytes */${stats.size}` }).end()
    return
  }
  const headers = { 'content-length': Math.max(0, end - start + 1), 'last-modified': stats.mtime.toUTCString() }
  if (from === undefined) response.writeHead(200, headers)
  else response.writeHead(206, { ...headers, 'content-range': `bytes ${start}-${end}/${stats.size}` })
  if (end < start) response.end()
  else await pipeline(fs.createReadStream(path, { start, end }), response)
}

const server = createServer((request, response) => {
  const path = decodeURIComponent(new URL(request.url ?? '/', 'http://localhost').pathname)
  answer(path, request.headers.range, response).catch((error: unknown) => {
    // Once a body has begun, all that can be done is to end it early: its length tells.
    if (response.headersSent) response.destroy()
    else response.writeHead((isNfsError(error) && statuses[error.code]) || 502).end(`${(error as Error).message}\n`)
  })
})
server.listen(Number(port), '127.0.0.1', () =>
  console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`),
)
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => {
    server.close()
    server.closeAllConnections()
    void mounted.close()
  })
