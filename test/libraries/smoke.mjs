// What each library is for, once, in plain JavaScript: run by every Node that the libraries support, as they are built.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseJob } from '@cachewarmer/core'
import { mountExport, NfsFiles } from '@cachewarmer/nfs'
import { directory, file, startNfsServer } from '@cachewarmer/nfs/testing'
import { memoryService, send, work } from '@cachewarmer/queue'
import { openService } from '@cachewarmer/queue/open'
import { scaleSetBody } from '@cachewarmer/vmss'
import { folderMount, nfsMount, warm } from '@cachewarmer/walker'

const folder = mkdtempSync(join(tmpdir(), 'cachewarmer-smoke-'))

for (const service of [memoryService(), await openService(`sqlite:${join(folder, 'queues.db')}`)]) {
  await service.create('numbers')
  const queue = service.queue('numbers')
  for (const n of [1, 2, 3]) await send(queue, { n, name: 'Käse' })
  let sum = 0
  const worker = work(
    queue,
    async ({ body }) => {
      sum += body.n
    },
    { stopWhenEmpty: true },
  )
  assert.equal((await worker.done).completed, 3)
  assert.equal(sum, 6)
  await service.close()
}

const server = await startNfsServer({ tree: directory({ scene: directory({ 'a.txt': file('hello') }) }) })
const mounted = await mountExport(server.address)
assert.equal(await new NfsFiles(mounted).readFile('/scene/a.txt', 'utf8'), 'hello')
await mounted.close()

writeFileSync(join(folder, 'a.exr'), 'x'.repeat(100_000))
const mounts = [folderMount({ folder })]
const { complete, counters } = await warm(mounts, ['/a.exr'])
assert.deepEqual([complete, counters.files, counters.bytes], [true, 1, 100_000])
await mounts[0].close()

const direct = [await nfsMount({ export: server.address })]
assert.equal((await warm(direct, ['/scene'])).counters.bytes, 5)
await direct[0].close()
await server[Symbol.asyncDispose]()

assert.throws(() => parseJob('{}'))
assert.equal(typeof scaleSetBody, 'function')

rmSync(folder, { recursive: true })
console.log(`Node ${process.versions.node}: fine`)
