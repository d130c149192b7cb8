import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { WalkError } from '@cachewarmer/walker'
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
    // Three rounds of four versions.
    expect(ran).toHaveLength(12)
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

describe('direct access that failed', () => {
  const failedWith = (code: 'MOUNT_DOWN' | 'OTHER' | 'TIMEOUT' | 'ACCESS_DENIED', cause: string) =>
    new WalkError(code, 'no', { cause: Object.assign(new Error('no'), { code: cause }) })

  test.each([
    ['MOUNT_DOWN', 'PORTMAP_MISSING', true],
    ['OTHER', 'VERSION', true],
    ['ACCESS_DENIED', 'KERBEROS_ONLY', true],
    ['MOUNT_DOWN', 'REFUSED', false],
    ['TIMEOUT', 'TIMEOUT', false],
    ['ACCESS_DENIED', 'ADDRESS_REFUSED', false],
  ] as const)('with %s, %s is one where the kernel may help: %s', (code, cause, helps) => {
    expect(kernelMayHelp(failedWith(code, cause))).toBe(helps)
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
    expect(v6?.[0]).toContain(',proto=tcp6,nolock,mountproto=tcp6')
  })

  test('is tried with each version in its order, and with options that this version has', async () => {
    const { ran, run } = standIn(refuse)
    const opening = kernelAccess({ parent, resolve, run, nfsPort: 2049, mountPort: 635 })('filer', '/data', { signal })
    await expect(opening).rejects.toThrow(
      /NFSv3: mount.nfs: access denied; NFSv4.0: mount.nfs: access denied; NFSv4.1: .*; NFSv4.2: /,
    )
    const options = ran.slice(0, 4).map(({ args }) => args[3]?.replace(/.*,nosharecache,/, ''))
    expect(options).toEqual([
      'nfsvers=3,proto=tcp,port=2049,nolock,mountproto=tcp,mountport=635',
      'nfsvers=4.0,proto=tcp,port=2049',
      'nfsvers=4.1,proto=tcp,port=2049',
      'nfsvers=4.2,proto=tcp,port=2049',
    ])
  })

  test('is only tried with the versions that were asked for, and once where the server does not answer', async () => {
    const { ran, run } = standIn(() => Promise.reject(Object.assign(new Error('timed out'), { killed: true })))
    const opening = kernelAccess({ parent, resolve, run, versions: ['4.1', '4.0'] })('filer', '/data', { signal })
    await expect(opening).rejects.toMatchObject({ code: 'MOUNT_DOWN' })
    expect(ran.map(({ args }) => /nfsvers=[\d.]+/.exec(args[3] ?? '')?.[0])).toEqual(['nfsvers=4.1', 'nfsvers=4.0'])
  })

  test('is for one run: the kernel remembers what it listed', async () => {
    const mount = await kernelAccess({ parent, resolve, run: standIn().run })('filer', '/data', { signal })
    expect(mount.forOneRun).toBe(true)
    await mount.close()
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
