import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { abandoned, claim, giveUp, type Owner, ownerOf } from './mount-owner.ts'

let parent: string
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'cw-owner-'))
})
afterEach(() => rmSync(parent, { recursive: true }))

/** A folder as a worker makes it, with this record. */
function folderWith(owner: unknown, name = 'abcdef'): string {
  const folder = join(parent, `cachewarmer-mounts-${name}`)
  mkdirSync(join(folder, '10.0.1.11'), { recursive: true, mode: 0o700 })
  if (owner !== undefined) writeFileSync(join(folder, 'owner.json'), JSON.stringify(owner))
  return folder
}

const self = async (): Promise<Owner> => {
  const owner = await ownerOf(process.pid)
  if (owner === undefined) throw new Error('this process has to be alive')
  return owner
}

describe('a folder for mounts', () => {
  test('belongs to the process that claimed it, until it gives the folder up', async () => {
    const folder = folderWith(undefined)
    await claim(folder)
    expect(await abandoned(parent, [])).toEqual([])
    rmSync(join(folder, '10.0.1.11'), { recursive: true })
    await giveUp(folder)
    expect(readdirSync(parent)).toEqual([])
  })

  test('is abandoned once its process was killed, or is a zombie', async () => {
    const child = spawn('sleep', ['60'])
    const owner = await ownerOf(child.pid ?? 0)
    const folder = folderWith(owner)
    expect(await abandoned(parent, [])).toEqual([])
    child.kill('SIGKILL')
    await once(child, 'exit')
    expect(await abandoned(parent, [])).toEqual([{ folder, pid: child.pid, points: [join(folder, '10.0.1.11')] }])
  })

  test('is abandoned where another process has the number by now, or the machine was started again', async () => {
    const owner = await self()
    folderWith({ ...owner, startedTicks: '1' }, 'reused')
    folderWith({ ...owner, bootId: 'of another start' }, 'reboot')
    folderWith(owner, 'living')
    const found = await abandoned(parent, [])
    expect(found.map(({ folder }) => folder.slice(-6)).toSorted()).toEqual(['reboot', 'reused'])
  })

  test.for([
    ['of another pid namespace', async () => folderWith({ ...(await self()), pid: 1 << 22, pidNamespace: 'pid:[1]' })],
    ['whose record is none', async () => folderWith({ pid: 'all' })],
    ['that was just made', async () => folderWith(undefined)],
    ['that others may look into', async () => chmodSync(folderWith({ ...(await self()), startedTicks: '1' }), 0o755)],
    [
      'that is a link',
      async () => {
        const real = folderWith({ ...(await self()), startedTicks: '1' }, 'aaaaaa')
        symlinkSync(real, join(parent, 'cachewarmer-mounts-linked'))
        rmSync(join(real, 'owner.json'))
      },
    ],
  ] as const)('%s is left alone', async ([, make]) => {
    await make()
    expect(await abandoned(parent, [])).toEqual([])
  })

  test('without a record is abandoned after a minute, unless something is mounted in it', async () => {
    const folder = folderWith(undefined)
    const point = join(folder, '10.0.1.11')
    utimesSync(folder, new Date(0), new Date(0))
    expect(await abandoned(parent, [point])).toEqual([])
    expect(await abandoned(parent, [])).toEqual([{ folder, pid: undefined, points: [point] }])
  })

  test('is found by what is mounted in it, wherever it is', async () => {
    const folder = folderWith({ ...(await self()), startedTicks: '1' })
    const elsewhere = mkdtempSync(join(tmpdir(), 'cw-owner-'))
    try {
      expect(await abandoned(elsewhere, [join(folder, '10.0.1.11'), '/', '/proc'])).toMatchObject([{ folder }])
    } finally {
      rmSync(elsewhere, { recursive: true })
    }
  })
})
