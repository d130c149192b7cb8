import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Program, startProgram } from './testing/program.ts'

/* The built program as people start it. The end-to-end tests show what it does with jobs. */

let folder: string
const programs: Program[] = []
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cw-manager-'))
})
afterEach(async () => {
  for (const { child } of programs) child.kill('SIGKILL')
  await Promise.all(programs.map(({ finished }) => finished))
  programs.length = 0
  rmSync(folder, { recursive: true })
})

function start(argv: readonly string[], env: Readonly<Record<string, string>> = {}): Program {
  const program = startProgram(argv, { TMPDIR: folder, ...env })
  programs.push(program)
  return program
}

const queue = (): string[] => ['--queue', `sqlite:${join(folder, 'queue.db')}`, '--queue-name-prefix', 'studio']

describe('the built manager', { timeout: 60_000 }, () => {
  test('says what it can do, for each command, and its version', async () => {
    const { code, stdout } = await start(['--help']).finished
    expect(code).toBe(0)
    for (const command of ['serve', 'warm']) expect(stdout).toContain(command)
    const serve = await start(['serve', '--help']).finished
    expect(serve).toMatchObject({ code: 0, stdout: expect.stringContaining('--ledger <file>') })
    expect(serve.stdout).not.toContain('--storage-key <')
    expect(await start(['warm', '--help']).finished).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('--mount <folder>'),
    })
    expect(await start(['--version']).finished).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
    })
  })

  test.each([
    ['an unknown option', ['--nonsense'], '--nonsense'],
    ['an unknown option of warm', ['warm', '--nonsense'], '--nonsense'],
    ['a number that is none', ['--workers', 'many'], 'whole number'],
    ['a fleet that it does not know', ['--fleet', 'starship'], '--fleet'],
    ['no queue', ['--queue-name-prefix', 'studio'], 'queue'],
    ['no prefix', ['--queue', 'sqlite:q.db'], 'prefix'],
  ])('refuses %s with exit code 2 and says what is wrong', async (_, argv, said) => {
    const { code, stdout, stderr } = await start(argv).finished
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toContain(said)
    expect(stderr).not.toContain('    at ')
  })

  test.each(['SIGTERM', 'SIGINT'] as const)('ends with 0 on %s', async (signal) => {
    const manager = start([...queue(), '--fleet', 'none'])
    await manager.said('leading')
    manager.child.kill(signal)
    expect(await manager.finished).toMatchObject({ code: 0, stdout: '' })
    // The ledger lies beside the queue.
    expect(readdirSync(folder)).toContain('studio.ledger.db')
  })

  test('keeps its ledger in the state folder where the queues are elsewhere, and says where', async () => {
    const elsewhere = ['--queue', 'http://127.0.0.1:1/studio', '--queue-name-prefix', 'studio', '--fleet', 'none']
    const manager = start(elsewhere, { STORAGE_KEY: 'a2V5', XDG_STATE_HOME: join(folder, 'state') })
    await manager.said(join(folder, 'state', 'cachewarmer', 'studio.ledger.db'))
    manager.child.kill('SIGKILL')
    await manager.finished
    const kept = join(folder, 'state', 'cachewarmer')
    expect(readdirSync(kept)).toContain('studio.ledger.db')
    expect((statSync(kept).mode & 0o077).toString(8)).toBe('0')
  })

  test('stands by while another leads, and leads after it', async () => {
    const first = start([...queue(), '--fleet', 'none', '--ledger', join(folder, 'ledger.db')])
    await first.said('leading')
    const second = start([...queue(), '--fleet', 'none', '--ledger', join(folder, 'ledger.db')])
    first.child.kill('SIGTERM')
    await second.said('leading')
    expect(await first.finished).toMatchObject({ code: 0 })
  })
})
