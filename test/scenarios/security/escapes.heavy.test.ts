import { mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { reportOf } from '../../support/chaos.ts'
import { Lab, makeTree, pause } from '../../support/lab.ts'

interface Shown {
  readonly bytes: number
  readonly failures: { readonly sample: readonly { readonly path: string; readonly code: string }[] }
}

/*
 * No way out of an export opens a file there: the files there are so large that it would show in the
 * bytes.
 */
describe('out of an export', { timeout: 120_000 }, () => {
  let lab: Lab
  beforeAll(() => {
    lab = new Lab()
    const outside = join(lab.folder, 'outside')
    mkdirSync(outside)
    for (const name of ['secret', 'inner']) writeFileSync(join(outside, name), Buffer.alloc(1_000_000))
    lab.startManager('--lease-ms', '3000')
  })
  afterAll(() => lab[Symbol.asyncDispose]())

  const folderOf = (name: string): string => {
    const folder = join(lab.exportFolder, name)
    mkdirSync(folder)
    writeFileSync(join(folder, 'inside'), 'inside')
    return folder
  }
  const warm = async (path: string, ...args: readonly string[]) => {
    const finished = await lab.submitAndWait('--path', path, ...args)
    return { code: finished.code, report: { ...reportOf(finished), ...(reportOf(finished) as unknown as Shown) } }
  }

  test('links lead nowhere, whichever of them a job has followed: each is a failure by name', async () => {
    const folder = folderOf('links')
    const ways = {
      file: '../../outside/secret',
      directory: '../../outside',
      absolute: join(lab.folder, 'outside/secret'),
      device: '/dev/zero',
      'over a link': 'directory/secret',
      'up and down': `../../../${lab.folder.split('/').at(-1)}/outside/inner`,
    }
    for (const [name, to] of Object.entries(ways)) symlinkSync(to, join(folder, name))
    const { code, report } = await warm('/links', '--symlinks', 'all')
    expect({ code, files: report.files, bytes: report.bytes }).toEqual({ code: 1, files: 1, bytes: 6 })
    const failed = report.failures.sample.map(({ path, code: why }) => `${why} ${path}`)
    expect(failed.toSorted()).toEqual(
      Object.keys(ways)
        .map((name) => `OUTSIDE /links/${name}`)
        .toSorted(),
    )
  })

  test('a path is what it says: nothing in it is decoded, expanded or climbed', async () => {
    folderOf('plain')
    const paths = ['/%2e%2e/outside/secret', '/plain/..%2f..%2foutside', '/~', '/$HOME', '/plain/*']
    const { code, report } = await warm('/plain/inside', ...paths.flatMap((path) => ['--path', path]))
    expect({ code, files: report.files, bytes: report.bytes }).toEqual({ code: 1, files: 1, bytes: 6 })
    const failed = report.failures.sample.map(({ path, code: why }) => `${why} ${path}`)
    expect(failed.toSorted()).toEqual(paths.map((path) => `NOT_FOUND ${path}`).toSorted())
  })

  test('no foreign item in the queue of a run leads', async () => {
    folderOf('items')
    const made = makeTree(join(lab.exportFolder, 'items'), 2, 40)
    const job = ['--addresses', 'cache-1', '--export', '/animation', '--path', '/items', '--job-id', 'items']
    expect(await lab.run('submit', [...job, '--max-requests-per-second', '40'])).toMatchObject({ code: 0 })
    const runs = async (): Promise<string[]> =>
      (await lab.queues()).flatMap((name) => /^labwork-([a-z0-9]{12})$/.exec(name)?.[1] ?? [])
    await lab.eventually(async () => (await runs()).length === 1)
    const [run = ''] = await runs()
    const parts = [
      { kind: 'tree', path: '/../../outside' },
      { kind: 'files', directory: '/items/../../../outside', names: ['secret'] },
      { kind: 'files', directory: '/items', names: ['../../outside/secret'] },
      { kind: 'range', path: '/items/../../outside/secret', offset: 0, ordinal: 0 },
    ]
    for (const [at, part] of parts.entries())
      await lab.putRaw(
        `labwork-${run}`,
        JSON.stringify({ v: 1, run, item: `abcdefghijkl.${at}`, strikes: 0, parts: [part] }),
      )
    const { code, stdout } = await lab.run('submit', ['status', 'items', '--wait', '--json'])
    const report = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Shown & { files: number }
    expect({ code, files: report.files, bytes: report.bytes }).toEqual({
      code: 0,
      files: made.files + 1,
      bytes: made.bytes + 6,
    })
    const notes = (await lab.bodies('labpoison')).map((text) => JSON.parse(text) as { reason: string; message: string })
    expect(notes.filter(({ message }) => message.includes('outside'))).toHaveLength(parts.length)
  })

  test('a directory does not lead that becomes a link, and a directory again, while it is walked', async () => {
    const folder = folderOf('swapped')
    const made = makeTree(folder, 30, 20)
    symlinkSync('../../outside', join(lab.folder, 'way-out'))
    let over = false
    const ending = warm('/swapped', '--max-requests-per-second', '600').finally(() => {
      over = true
    })
    let swaps = 0
    for (; !over; swaps += 1) {
      const directory = join(folder, `group-${swaps % 10}`)
      renameSync(directory, `${directory}.away`)
      renameSync(join(lab.folder, 'way-out'), directory)
      await pause(5)
      renameSync(directory, join(lab.folder, 'way-out'))
      renameSync(`${directory}.away`, directory)
      await pause(5)
    }
    const { report } = await ending
    expect(swaps).toBeGreaterThan(10)
    expect(report.bytes).toBeLessThanOrEqual(made.bytes + 6)
    for (const { path } of report.failures.sample) expect(path).not.toMatch(/secret|inner/)
  })
})
