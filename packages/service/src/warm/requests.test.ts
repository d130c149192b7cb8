import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { isUsageError } from '../cli/index.ts'
import { layOutTargets, type Target } from './requests.ts'

let place: string
let root: string
beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), 'cw-targets-'))
  root = join(place, 'mounts')
  for (const folder of ['scene', 'other']) mkdirSync(join(place, folder))
  writeFileSync(join(place, 'scene', 'a.exr'), 'in scene')
  writeFileSync(join(place, 'other', 'a.exr'), 'in other')
})
afterEach(() => rmSync(place, { recursive: true }))

/** What a worker finds at a path of a target. */
const seen = ({ addresses, exportPath }: Target, path: string): string[] =>
  addresses.map((address) => readFileSync(join(root, address, exportPath, path), 'utf8'))

describe('without mounts', () => {
  test('each folder is a job of its own', async () => {
    const targets = await layOutTargets(root, [join(place, 'scene'), join(place, 'other')], [])
    expect(targets.map(({ paths }) => paths)).toEqual([['/'], ['/']])
    expect(targets.map((target) => seen(target, 'a.exr'))).toEqual([['in scene'], ['in other']])
    expect(targets.map(({ shown }) => shown)).toEqual([join(place, 'scene'), join(place, 'other')])
  })

  test('a file is a path within its folder, also through a link to it', async () => {
    symlinkSync(join(place, 'other', 'a.exr'), join(place, 'link.exr'))
    const targets = await layOutTargets(root, [join(place, 'scene', 'a.exr'), join(place, 'link.exr')], [])
    expect(targets.map((target) => seen(target, target.paths[0] ?? ''))).toEqual([['in scene'], ['in other']])
  })
})

describe('with mounts', () => {
  test('paths lie inside what every one of them shows', async () => {
    const [target, ...more] = await layOutTargets(root, ['sub', '/a.exr'], [join(place, 'scene'), join(place, 'other')])
    expect(more).toEqual([])
    expect(target?.paths).toEqual(['/sub', '/a.exr'])
    expect(target === undefined ? [] : seen(target, 'a.exr')).toEqual(['in scene', 'in other'])
  })

  test('the export goes by the name that a manifest has for it', async () => {
    const [target] = await layOutTargets(root, [], [join(place, 'scene')], '/animation/deep/')
    expect(target).toMatchObject({ exportPath: '/animation/deep/', paths: [] })
    expect(target === undefined ? [] : seen(target, 'a.exr')).toEqual(['in scene'])
  })

  test('a file is no mount', async () => {
    const file = join(place, 'scene', 'a.exr')
    await expect(layOutTargets(root, [], [file])).rejects.toSatisfy(isUsageError)
    await expect(layOutTargets(root, [], [file])).rejects.toThrow(`--mount ${file}: expected a folder, it is a file`)
  })
})

test.each([
  ['a path', (missing: string) => layOutTargets(root, [missing], [])],
  ['a mount', (missing: string) => layOutTargets(root, [], [missing])],
])('%s that is not there is named', async (_, layOut) => {
  const missing = join(place, 'missing')
  const refused = layOut(missing)
  await expect(refused).rejects.toSatisfy(isUsageError)
  await expect(refused).rejects.toThrow(`${missing}: there is no such file or folder`)
})
