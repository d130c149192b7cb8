import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openResolver } from '../../cli/index.ts'
import { type KernelOptions, kernelAccess, kernelMayHelp } from './kernel.ts'

let parent: string
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'cw-kernel-'))
})
afterEach(() => rmSync(parent, { recursive: true }))

const signal = new AbortController().signal
interface Ran {
  readonly program: string
  readonly args: readonly string[]
}

/** Stands in for mount and umount, which only root may run. */
function standIn(result: () => Promise<void> = () => Promise.resolve()) {
  const ran: Ran[] = []
  const run: KernelOptions['run'] = async (program, args) => {
    ran.push({ program, args })
    if (program === 'mount') await result()
  }
  return { ran, run }
}
const refuse = () => Promise.reject(Object.assign(new Error('exit 32'), { stderr: 'mount.nfs: access denied\n' }))
const resolve = async () => ['10.0.0.1']

describe('the place of a kernel mount', () => {
  test('is a new folder that this user alone may enter, whichever files others made beforehand', async () => {
    // What an attacker can foresee: the name that earlier versions used, with links to a folder of theirs.
    const target = join(parent, 'target')
    mkdirSync(target)
    for (const name of [`cachewarmer-mounts-${process.pid}`, 'cachewarmer-mounts-'])
      symlinkSync(target, join(parent, name))
    const { ran, run } = standIn()
    const mount = await kernelAccess({ parent, resolve, run })('filer', '/data', { signal })
    const point = ran[0]?.args.at(-1) ?? ''
    const { mode, uid } = statSync(dirname(point))
    expect([mode & 0o777, uid]).toEqual([0o700, process.geteuid?.()])
    expect(dirname(dirname(point))).toBe(parent)
    expect(readdirSync(target)).toEqual([])
    await mount.close()
    expect(ran.map(({ program }) => program)).toEqual(['mount', 'umount'])
    expect(readdirSync(parent)).not.toContain(dirname(point).split('/').at(-1))
  })

  test('is removed after a mount that failed', async () => {
    const { ran, run } = standIn(refuse)
    const opening = kernelAccess({ parent, resolve, run })('filer', '/data', { signal })
    await expect(opening).rejects.toMatchObject({
      code: 'MOUNT_DOWN',
      message: expect.stringContaining('access denied'),
    })
    expect(ran).toHaveLength(3)
    expect(readdirSync(parent)).toEqual([])
  })

  test('is not one in which other users could exchange folders', async () => {
    chmodSync(parent, 0o777)
    const { ran, run } = standIn()
    const open = kernelAccess({ parent, resolve, run })
    await expect(open('filer', '/data', { signal })).rejects.toThrow(/no safe place for mount points/)
    expect(ran).toEqual([])
    chmodSync(parent, 0o1777)
    await (await open('filer', '/data', { signal })).close()
  })
})

describe('what is mounted', () => {
  const sourceOf = async (host: string, addresses: readonly string[]) => {
    const { ran, run } = standIn()
    await (await kernelAccess({ parent, resolve: async () => addresses, run })(host, '/data', { signal })).close()
    return ran[0]?.args.slice(3, -1).concat(ran[0].args[3] ?? '')
  }

  test('is the address that was checked, and not a name', async () => {
    expect((await sourceOf('filer', ['fd12::1', '10.0.0.7']))?.[2]).toBe('10.0.0.7:/data')
    const v6 = await sourceOf('filer', ['fd12::1'])
    expect(v6?.[2]).toBe('[fd12::1]:/data')
    expect(v6?.[0]).toContain('proto=tcp6,mountproto=tcp6')
  })

  test.each(['169.254.169.254', '::ffff:169.254.169.254', '127.0.0.1'])(
    'is never %s, and no folder is made for it',
    async (host) => {
      const { ran, run } = standIn()
      const open = kernelAccess({ parent, resolve: openResolver({ loopback: false }), run })
      const refusal = await open(host, '/data', { signal }).catch((error: unknown) => error)
      expect(refusal).toMatchObject({ code: 'ACCESS_DENIED', cause: { code: 'ADDRESS_REFUSED' } })
      expect([ran, readdirSync(parent)]).toEqual([[], []])
      expect(kernelMayHelp(refusal)).toBe(false)
    },
  )
})
