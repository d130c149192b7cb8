import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { folderAccess } from './access.ts'

let outer: string
beforeEach(() => {
  outer = realpathSync(mkdtempSync(join(tmpdir(), 'cachewarmer-access-')))
  mkdirSync(join(outer, 'mounts/10.0.1.11/data'), { recursive: true })
  mkdirSync(join(outer, 'own'))
  writeFileSync(join(outer, 'own/shadow'), 'secret')
  writeFileSync(join(outer, 'mounts/10.0.1.11/data/frame'), 'frame')
  // What a user of the filer may put into an export.
  symlinkSync(join(outer, 'own'), join(outer, 'mounts/10.0.1.11/data/evil'))
})
afterEach(() => rmSync(outer, { recursive: true }))

const signal = AbortSignal.timeout(60_000)

async function read(template: string, exportPath: string, name: string, followLinks?: boolean): Promise<number> {
  const mount = await folderAccess({ template: join(outer, template), followLinks })('10.0.1.11', exportPath, {
    signal,
  })
  try {
    return (await mount.read({ path: name }, { offset: 0, length: 100, signal })).bytes
  } finally {
    await mount.close()
  }
}

const refused = expect.objectContaining({ code: 'OUTSIDE', message: expect.stringContaining('--folder-links') })

describe('a folder that the template names', () => {
  test('is opened where it is one', async () => {
    expect(await read('mounts/{address}{export}', '/data', '/frame')).toBe(5)
    expect(await read('mounts/10.0.1.11{export}', '/data', '/frame')).toBe(5)
  })

  test.each(['mounts/{address}{export}', 'mounts/10.0.1.11{export}', 'mounts/{address}/data/{export}'])(
    'by %s is not opened over a link that lies in an export',
    async (template) => {
      const exportPath = template.includes('/data/') ? '/evil' : '/data/evil'
      await expect(read(template, exportPath, '/shadow')).rejects.toEqual(refused)
    },
  )

  test('may be reached over links of the operator', async () => {
    symlinkSync(join(outer, 'mounts'), join(outer, 'alias'))
    expect(await read('alias/{address}{export}', '/data', '/frame')).toBe(5)
    symlinkSync(join(outer, 'own'), join(outer, 'mounts/10.0.1.11/linked'))
    expect(await read('mounts/{address}{export}', '/linked', '/shadow', true)).toBe(6)
  })

  test.each(['/$&', '/$$', "/$'", '/$`', '/{address}'])(
    'is the one of the very export, also of %s',
    async (exportPath) => {
      mkdirSync(join(outer, 'mounts/10.0.1.11', exportPath))
      writeFileSync(join(outer, 'mounts/10.0.1.11', exportPath, 'frame'), 'other frame')
      expect(await read('mounts/{address}{export}', exportPath, '/frame')).toBe(11)
    },
  )

  test('is an error where there is none', async () => {
    await expect(read('mounts/{address}{export}', '/missing', '/x')).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })
})
