import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { readJob } from '../submit/read-job.ts'
import { systemFiles } from './files.ts'

const folder = mkdtempSync(join(tmpdir(), 'cw-texts-'))
afterAll(() => rmSync(folder, { recursive: true }))

const aFile = (name: string, content: string | Buffer): string => {
  writeFileSync(join(folder, name), content)
  return join(folder, name)
}
const utf16 = (text: string): Buffer => Buffer.from(`\uFEFF${text}`, 'utf16le')
const given = { addresses: ['10.0.1.11'], export: '/animation' }
const job = JSON.stringify({
  WarmTargetMountAddresses: ['10.0.1.11'],
  WarmTargetExportPath: '/animation',
  WarmTargetPath: '/x',
})
const manifest = JSON.stringify({ directories: [{ path: '/animation/x' }] })

test('a byte order mark spoils no text input', async () => {
  const read = (settings: object) => readJob({ ...given, ...settings }, systemFiles)
  const rules = await read({ path: ['/x'], rules: aFile('rules', '\uFEFFcache/\n*.tmp\n') })
  expect(rules.job.ignoreRules).toEqual(['cache/', '*.tmp'])
  expect((await read({ job: aFile('job', `\uFEFF${job}`), addresses: undefined })).job.paths).toEqual(['/x'])
  expect((await read({ manifest: aFile('manifest', `\uFEFF${manifest}`) })).job.paths).toEqual(['/x'])
  const listed = (await read({ filesFrom: aFile('list', '\uFEFFf1\nf2\n') })).listed?.()
  for await (const paths of listed ?? []) expect(paths.map(({ path }) => path)).toEqual(['/f1', '/f2'])
})

test('rules keep bytes that are no UTF-8', async () => {
  const rules = aFile('bytes', Buffer.from('caf\xe9/\n', 'latin1'))
  expect((await readJob({ ...given, path: ['/x'], rules }, systemFiles)).job.ignoreRules).toEqual(['caf\uDCE9/'])
})

test.each([
  ['rules', { path: ['/x'], rules: 'utf16' }],
  ['manifest', { manifest: 'utf16' }],
  ['job', { job: 'utf16' }],
])('a text in UTF-16 is refused as --%s, by name and with what helps', async (option, settings) => {
  const file = aFile('utf16', utf16('cache/\n'))
  const named = Object.fromEntries(
    Object.entries(settings).map(([key, value]) => [key, value === 'utf16' ? file : value]),
  )
  await expect(readJob({ ...given, ...named }, systemFiles)).rejects.toThrow(
    `--${option} ${file}: expected UTF-8, got UTF-16: convert it, as with iconv`,
  )
})

test('a list in UTF-16 is refused by name', async () => {
  const filesFrom = aFile('list16', utf16('f1\n'))
  const { listed } = await readJob({ ...given, filesFrom }, systemFiles)
  await expect(
    (async () => {
      for await (const _ of listed?.() ?? []);
    })(),
  ).rejects.toThrow(`${filesFrom}: expected UTF-8, got UTF-16`)
})
