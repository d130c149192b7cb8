import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Lab } from '../../support/lab.ts'

interface Report {
  readonly files: number
  readonly outcome: string
  readonly addresses: readonly { readonly address: string; readonly files: number }[]
  readonly failures: { readonly total: number }
}

const reports = (stdout: string): Report[] =>
  stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Report)

test('a retry warms exactly the failed files, once they are mended', { timeout: 90_000 }, async () => {
  await using lab = new Lab()
  const folder = join(lab.exportFolder, 'shot')
  mkdirSync(folder)
  for (const name of ['a', 'b', 'c\nd']) writeFileSync(join(folder, name), name)
  lab.mountElsewhere('cache-4', 'elsewhere')
  mkdirSync(join(lab.folder, 'elsewhere/shot'), { recursive: true })
  writeFileSync(join(lab.folder, 'elsewhere/shot/a'), 'a')
  lab.startManager()
  // Listed, so that it does not depend on chance through which address the directory is listed.
  const list = join(lab.folder, 'list')
  writeFileSync(list, '/shot/a\0/shot/b\0/shot/c\nd\0')
  const job = ['--files-from', list, '--null', '--path', '/late', '--addresses', 'cache-4', '--include', '*.exr']
  const first = await lab.submitAndWait(...job, '--job-id', 'night')
  expect(reports(first.stdout)).toMatchObject([{ files: 1, failures: { total: 3 } }])
  expect(first.code).toBe(1)

  for (const name of ['b', 'c\nd']) writeFileSync(join(lab.folder, 'elsewhere/shot', name), name)
  for (const shown of [lab.exportFolder, join(lab.folder, 'elsewhere')]) {
    mkdirSync(join(shown, 'late'))
    for (const name of ['x.exr', 'y.tmp']) writeFileSync(join(shown, 'late', name), name)
  }
  const again = await lab.run('submit', ['--retry', 'night', '--wait', '--json', '--job-id', 'again'])
  const through = ({ addresses, ...report }: Report) => ({
    ...report,
    addresses: addresses.map(({ address, files }) => `${address}: ${files}`).sort(),
  })
  const sorted = reports(again.stdout)
    .map(through)
    .sort((a, b) => a.addresses.length - b.addresses.length)
  expect(sorted).toMatchObject([
    { outcome: 'warmed', files: 2, addresses: ['cache-4: 2'] },
    { outcome: 'warmed', files: 1, addresses: ['cache-1: 1', 'cache-2: 1', 'cache-3: 1', 'cache-4: 1'] },
  ])
  expect(again.code).toBe(0)
  expect(await lab.run('submit', ['--retry', 'again-1'])).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('Nothing failed'),
  })
})
