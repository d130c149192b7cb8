import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Program, startProgram } from './testing/program.ts'

/* The built program as people and managers start it. */

let folder: string
const programs: Program[] = []
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cw-worker-'))
})
afterEach(async () => {
  for (const { child } of programs) child.kill('SIGKILL')
  await Promise.all(programs.map(({ finished }) => finished))
  programs.length = 0
  rmSync(folder, { recursive: true })
})

function start(argv: readonly string[], env: Readonly<Record<string, string>> = {}): Program {
  const program = startProgram(argv, env)
  programs.push(program)
  return program
}

const queue = (): string[] => ['--queue', `sqlite:${join(folder, 'queue.db')}`, '--queue-name-prefix', 'studio']

describe('the built worker', { timeout: 60_000 }, () => {
  test('says what it can do, and its version', async () => {
    const { code, stdout } = await start(['--help']).finished
    expect(code).toBe(0)
    for (const option of ['--queue', '--folder', '--concurrency', '--exit-with-parent', 'SIGTERM'])
      expect(stdout).toContain(option)
    expect(stdout).not.toContain('--storage-key <')
    expect(await start(['--version']).finished).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
    })
  })

  test.each([
    ['an unknown option', ['--nonsense'], '--nonsense'],
    ['a number that is none', ['--concurrency', 'many'], 'whole number'],
    ['a way in that it does not know', ['--access', 'carrier-pigeon'], '--access'],
    ['no queue', ['--queue-name-prefix', 'studio'], 'queue'],
    [
      'a prefix that no queue can have',
      ['--queue', 'sqlite:q.db', '--queue-name-prefix', 'Not_A_Prefix'],
      'Not_A_Prefix',
    ],
    ['a key that is missing', ['-storageKey'], 'storageKey'],
  ])('refuses %s with exit code 2 and says what is wrong', async (_, argv, said) => {
    const { code, stdout, stderr } = await start(argv).finished
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toContain(said)
    expect(stderr).not.toContain('    at ')
  })

  test.each(['SIGTERM', 'SIGINT'] as const)('ends with 0 on %s, long before its drain is over', async (signal) => {
    const worker = start([...queue(), '--drain-ms', '600000'])
    await worker.said('worker started')
    worker.child.kill(signal)
    expect(await worker.finished).toMatchObject({
      code: 0,
      stdout: '',
      stderr: expect.stringContaining('worker stopped'),
    })
  })

  test('ends when its standard input does, where it was told to', async () => {
    const worker = start([...queue(), '--exit-with-parent'])
    await worker.said('worker started')
    worker.child.stdin?.end()
    expect(await worker.finished).toMatchObject({ code: 0 })
  })

  test('does not care for its standard input otherwise', async () => {
    const worker = start(queue())
    worker.child.stdin?.end()
    await worker.said('worker started')
    worker.child.kill('SIGTERM')
    expect(await worker.finished).toMatchObject({ code: 0 })
  })
})
