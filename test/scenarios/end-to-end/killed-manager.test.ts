import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { startAzurite } from '../../support/azurite.ts'
import { Lab } from '../../support/lab.ts'

async function killManagerWhileChunksWait(lab: Lab): Promise<void> {
  // Names that are long in a message, so that it holds few of them: more messages than go to the workers at once.
  const paths = Array.from({ length: 3_000 }, (_, at) => `/d${at % 10}/${'é'.repeat(120)}${at}`)
  for (const path of paths) {
    mkdirSync(join(lab.exportFolder, path, '..'), { recursive: true })
    writeFileSync(join(lab.exportFolder, path), 'x')
  }
  const list = join(lab.folder, 'list')
  writeFileSync(list, paths.join('\n'))
  const manager = lab.startManager('--workers', '1')
  // So slow that chunks wait until the ceiling is lifted.
  const job = ['--addresses', 'cache-1', '--export', '/animation', '--files-from', list, '--job-id', 'long']
  expect(await lab.run('submit', [...job, '--max-requests-per-second', '50'])).toMatchObject({ code: 0 })
  await lab.eventually(async () => (await lab.queues()).some((name) => name.includes('work-')))
  const [name = ''] = (await lab.queues()).filter((queue) => queue.startsWith('lablist-'))
  await lab.eventually(async () => lab.movedChunks() > 0)
  manager.process.kill('SIGKILL')
  await manager.finished
  const inAll = await lab.depth(name)
  expect(inAll).toBeGreaterThan(lab.movedChunks())
  lab.startManager('--workers', '1')
  await lab.told('change', 'long', '--max-requests-per-second', 'none')
  const { code, stdout } = await lab.run('submit', ['status', 'long', '--wait', '--json'])
  const report = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as unknown
  expect({ code, report }).toMatchObject({
    code: 0,
    report: { outcome: 'warmed', files: paths.length, failures: { byCode: {} } },
  })
  expect((await lab.queues()).filter((queue) => queue.includes('list-'))).toEqual([])
}

describe('a list with a manager that is killed while chunks wait is read to its end, each file once', {
  timeout: 180_000,
}, () => {
  test('on SQLite', async () => {
    await using lab = new Lab()
    await killManagerWhileChunksWait(lab)
  })

  test('on Azurite, in messages as large as they may be', async () => {
    const azurite = await startAzurite()
    try {
      await using lab = new Lab({ CACHEWARMER_QUEUE: azurite.url, STORAGE_KEY: azurite.accountKey })
      await killManagerWhileChunksWait(lab)
    } finally {
      await azurite.stop()
    }
  })
})
