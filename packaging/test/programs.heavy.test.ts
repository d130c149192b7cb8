import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { directory, file, startNfsServer } from '@cachewarmer/nfs/testing'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { packageFolder } from '../src/bundle.ts'
import { releaseFolder } from '../src/release.ts'
import { commandOf, type Form, launch, names, notLinux } from './launch.ts'

/* The released programs, started as on a bare machine: no PATH, and mostly no network. */

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cachewarmer-release-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const forms: readonly Form[] = ['executable', 'bundle']
const each = names.flatMap((program) => forms.map((form) => ({ program, form })))
const { version } = JSON.parse(readFileSync(join(packageFolder('manager'), 'package.json'), 'utf8')) as {
  version: string
}
const noNetwork = ['/usr/bin/unshare', '--net', '--map-root-user']

const eventually = async (what: string, check: () => boolean): Promise<void> => {
  for (const untilMs = performance.now() + 60_000; !check(); ) {
    if (performance.now() > untilMs) throw new Error(`not within a minute: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

/** The first line of the help of each role. */
const usage: Readonly<Record<string, string>> = {
  cachewarmer: 'Usage: cachewarmer COMMAND [options]',
  'cachewarmer-manager': 'Usage: cachewarmer-manager [options] [command]',
  'cachewarmer-worker': 'Usage: cachewarmer-worker [options]',
  'cachewarmer-submit': 'Usage: cachewarmer-submit [options] [command]',
  'cachewarmer-jobsubmitter': 'Usage: cachewarmer-submit [options] [command]',
}

describe.skipIf(notLinux)('the one program', () => {
  test.each(each)('called $program by a link, the $form, has that role', async ({ program, form }) => {
    const { code, stdout, stderr } = await launch([...commandOf(program, form), '--help']).ended
    expect({ code, stderr, usage: stdout.split('\n')[0] }).toEqual({ code: 0, stderr: '', usage: usage[program] })
  })

  test.each(forms)('copied to another name, the %s, has the role of that name', async (form) => {
    const suffix = form === 'executable' ? '' : '.mjs'
    const copy = join(folder, `copy${suffix}`)
    copyFileSync(join(releaseFolder, `cachewarmer${suffix}`), copy)
    for (const name of ['cachewarmer', ...names]) {
      const file = join(folder, `${name}${suffix}`)
      renameSync(existsSync(copy) ? copy : join(folder, readdirSync(folder)[0] ?? ''), file)
      const { code, stdout } = await launch([...(form === 'bundle' ? [process.execPath] : []), file, '--help']).ended
      expect({ code, usage: stdout.split('\n')[0] }).toEqual({ code: 0, usage: usage[name] })
    }
  })

  test.each(forms)('called cachewarmer, the %s, takes the role from a command before everything else', async (form) => {
    const said = async (...args: string[]) => {
      const { code, stdout, stderr } = await launch([...commandOf('cachewarmer', form), ...args]).ended
      return { code, line: (stdout || stderr).split('\n')[0] }
    }
    expect(await said('--version')).toEqual({ code: 0, line: version })
    expect(await said('--help')).toEqual({ code: 0, line: usage['cachewarmer'] })
    expect(await said()).toEqual({ code: 2, line: usage['cachewarmer'] })
    expect(await said('--nonsense')).toEqual({ code: 2, line: 'cachewarmer: --nonsense: expected a command first' })
    expect(await said('worker', '--help')).toEqual({ code: 0, line: usage['cachewarmer-worker'] })
    expect(await said('warm', '--help')).toEqual({
      code: 0,
      line: 'Usage: cachewarmer-manager warm [options] [paths...]',
    })
    expect(await said('status', '--help')).toEqual({
      code: 0,
      line: 'Usage: cachewarmer-submit status [options] <job>',
    })
  })

  test.each(each)('$program, the $form, says its version', async ({ program, form }) => {
    expect(await launch([...noNetwork, ...commandOf(program, form), '--version']).ended).toEqual({
      code: 0,
      stdout: `${version}\n`,
      stderr: '',
    })
  })

  test.each(each)('$program, the $form, refuses what it does not know with exit code 2', async ({ program, form }) => {
    const { code, stdout, stderr } = await launch([...commandOf(program, form), '--nonsense']).ended
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toContain('--nonsense')
    expect(stderr).not.toContain('    at ')
  })

  test.each(each)('$program, the $form, names what is missing with exit code 2', async ({ program, form }) => {
    const { code, stderr } = await launch([...commandOf(program, form)], { HOME: folder }).ended
    expect({ code, stderr }).toMatchObject({ code: 2, stderr: expect.stringMatching(/--queue|--addresses/) })
    expect(readdirSync(folder)).toEqual([])
  })

  test.each(forms)('the manager, the %s, warms by itself: it holds the worker, without a network', async (form) => {
    const command = [...noNetwork, ...commandOf('cachewarmer', form), 'warm', '--json']
    const { code, stdout, stderr } = await launch(command, { TMPDIR: folder }).ended
    expect({ code, stderr }).toMatchObject({ code: 0 })
    expect(JSON.parse(stdout)).toMatchObject({ outcome: 'warmed', files: 966, addresses: [{}, {}, {}] })
    expect(readdirSync(folder)).toEqual([])
  })

  test.each(forms)('the worker, the %s, speaks NFS with nothing installed', async (form) => {
    const tree = directory({
      'a.exr': file('a'.repeat(5_000)),
      deep: directory({ 'b.exr': file('b'.repeat(100_000)) }),
    })
    await using server = await startNfsServer({ tree })
    const env = { CACHEWARMER_QUEUE: `sqlite:${join(folder, 'queue.db')}`, QUEUE_PREFIX: 'bare', TMPDIR: folder }
    const ports = ['--nfs-port', String(server.nfsPort), '--mount-port', String(server.mountPort)]
    const manager = launch([...commandOf('cachewarmer-manager', form), '--fleet', 'none'], env)
    const worker = launch([...commandOf('cachewarmer-worker', form), '--access', 'direct', ...ports], env)
    const job = ['--addresses', server.host, '--export', server.exportPath, '--path', '/', '--wait', '--json']
    const { code, stdout, stderr } = await launch([...commandOf('cachewarmer-submit', form), ...job], env).ended
    for (const { process } of [worker, manager]) process.kill('SIGTERM')
    const ends = [(await worker.ended).code, (await manager.ended).code]
    expect({ code, stderr, ends }).toMatchObject({ code: 0, ends: [0, 0] })
    expect(JSON.parse(stdout.trim().split('\n').at(-1) ?? '')).toMatchObject({
      outcome: 'warmed',
      files: 2,
      bytes: 105_000,
    })
  })

  test.each(forms)('the worker, the %s, has a thread for each read of a mounted folder', async (form) => {
    const env = { CACHEWARMER_QUEUE: `sqlite:${join(folder, 'queue.db')}`, QUEUE_PREFIX: 'threads' }
    const args = ['--folder', `${folder}/{address}{export}`]
    mkdirSync(join(folder, 'cache-1/scene'), { recursive: true })
    writeFileSync(join(folder, 'cache-1/scene/a.exr'), 'a')
    const worker = launch([...commandOf('cachewarmer-worker', form), ...args, '--concurrency', '30'], env)
    const manager = launch([...commandOf('cachewarmer-manager', form), ...args, '--fleet', 'none'], env)
    const job = ['--addresses', 'cache-1', '--export', '/scene', '--path', '/', '--wait']
    await launch([...commandOf('cachewarmer-submit', form), ...job], env).ended
    const tasks = `/proc/${worker.process.pid}/task`
    const threads = readdirSync(tasks)
      .filter((task) => existsSync(`${tasks}/${task}/comm`))
      .filter((task) => readFileSync(`${tasks}/${task}/comm`, 'utf8').trim() === 'libuv-worker')
    for (const { process } of [worker, manager]) process.kill('SIGTERM')
    await Promise.all([worker.ended, manager.ended])
    expect(threads).toHaveLength(38)
  })

  test('an executable that is killed leaves no worker behind', async () => {
    const env = { CACHEWARMER_QUEUE: `sqlite:${join(folder, 'queue.db')}`, QUEUE_PREFIX: 'killed' }
    const manager = launch([...commandOf('cachewarmer-manager', 'executable'), '--workers', '1', '--debug'], env)
    const job = ['--addresses', '127.0.0.9', '--export', '/none', '--path', '/']
    await launch([...commandOf('cachewarmer-submit', 'executable'), ...job], env).ended
    const started = (): number => Number(/"pid":(\d+),"msg":"worker process started"/.exec(manager.stderr())?.[1] ?? 0)
    await eventually('a worker', () => started() > 0 && existsSync(`/proc/${started()}`))
    manager.process.kill('SIGKILL')
    await manager.ended
    await eventually('its end', () => !existsSync(`/proc/${started()}`))
  })
})
