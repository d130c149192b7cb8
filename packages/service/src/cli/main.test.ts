import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CoreError, Prefix, parseJob } from '@cachewarmer/core'
import { QueueError, type QueueErrorCode } from '@cachewarmer/queue'
import { Command } from '@commander-js/extra-typings'
import { describe, expect, test } from 'vitest'
import { UnavailableError, UsageError } from './exit-code.ts'
import { explain, keepMemoryOutOfCores, translateLegacyFlags } from './main.ts'

const thrownBy = (work: () => unknown): unknown => {
  try {
    work()
  } catch (error) {
    return error
  }
  throw new Error('nothing was thrown')
}

describe('what is said of an error', () => {
  test('a usage error is its message, without a stack', () => {
    expect(explain(new UsageError('no prefix'))).toEqual({ message: 'no prefix', code: 2 })
  })

  test('one problem takes one line', () => {
    expect(explain(thrownBy(() => new Prefix('A')))).toEqual({
      message: expect.stringMatching(/^prefix: expected 2 to 43 .*, got "A"$/),
      code: 2,
    })
  })

  test('several problems get a line each', () => {
    const { message, code } = explain(thrownBy(() => parseJob({ WarmTargetPath: '/../x', Weight: 0 })))
    const lines = message.split('\n')
    expect(lines[0]).toBe(`${lines.length - 1} problems`)
    expect(lines).toContainEqual(expect.stringMatching(/^ {2}WarmTargetPath: expected .* got "\/\.\.\/x"$/))
    expect(lines).toContainEqual(expect.stringMatching(/^ {2}Weight: expected .* got 0$/))
    expect(code).toBe(2)
  })

  test.each<[QueueErrorCode, number]>([
    ['OPTION_INVALID', 2],
    ['NAME_INVALID', 2],
    ['DENIED', 3],
    ['UNAVAILABLE', 3],
    ['THROTTLED', 3],
    ['QUEUE_NOT_FOUND', 3],
  ])('a queue error with code %s exits with %i and its message', (code, exit) => {
    expect(explain(new QueueError(code, 'studiojob', 'why'))).toEqual({ message: 'studiojob: why', code: exit })
  })

  test('errors of another copy of our packages are known by their name', () => {
    const foreign = Object.assign(new Error('prefix: no'), { name: 'CoreError', problems: [], code: 'OPTION_INVALID' })
    expect(foreign).not.toBeInstanceOf(CoreError)
    expect(explain(foreign)).toEqual({ message: 'prefix: no', code: 2 })
  })

  test('what is not to be had now exits with 3 and its message', () => {
    expect(explain(new UnavailableError('ledger /x: database or disk is full'))).toEqual({
      message: 'ledger /x: database or disk is full',
      code: 3,
    })
  })

  test('a fault of ours shows its stack, for the report of it', () => {
    const { message, code } = explain(new TypeError('undefined is not'))
    expect(message).toMatch(/TypeError: undefined is not\n\s+at .*main\.test/s)
    expect(code).toBe(1)
  })

  test('what is no error at all is shown as text', () => {
    expect(explain('thrown')).toEqual({ message: 'thrown', code: 1 })
  })

  test('nothing is added to what commander has said, and help is no failure', () => {
    const silent = new Command().exitOverride().configureOutput({ writeErr: () => {}, writeOut: () => {} })
    expect(explain(thrownBy(() => silent.parse(['--nope'], { from: 'user' })))).toEqual({ message: '', code: 2 })
    expect(explain(thrownBy(() => silent.parse(['--help'], { from: 'user' })))).toEqual({ message: '', code: 0 })
  })
})

test('where there is no such switch nothing is written, and nothing fails', () => {
  const folder = mkdtempSync(join(tmpdir(), 'cachewarmer-test-'))
  keepMemoryOutOfCores(join(folder, 'missing', 'coredump_filter'))
  expect(readdirSync(folder)).toEqual([])
})

test.skipIf(process.platform !== 'linux')('it holds for this process, and for those that it starts', () => {
  const script = `
    import { execFileSync } from 'node:child_process'
    import { keepMemoryOutOfCores } from ${JSON.stringify(new URL('main.ts', import.meta.url).href)}
    const filter = () => execFileSync('cat', ['/proc/self/coredump_filter'], { encoding: 'utf8' }).trim()
    const before = filter()
    keepMemoryOutOfCores()
    console.log(before, filter())`
  const said = execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' })
  expect(said).toMatch(/^0*[1-9a-f][0-9a-f]* 0+\n$/)
})

const table = {
  queueNamePrefix: '--queue-name-prefix',
  storageAccountResourceGroup: null,
  blockUntilWarm: '--wait',
  enableDebugging: '--debug',
}
const translate = (...argv: string[]) => translateLegacyFlags(argv, table)

describe("the original's flags", () => {
  test.each([
    ['-queueNamePrefix', 'studio'],
    ['--queueNamePrefix', 'studio'],
    ['-queueNamePrefix=studio'],
    ['--queueNamePrefix=studio'],
  ])("%s %s is today's option with its value", (...argv) => {
    expect(translate(...argv)).toEqual(['--queue-name-prefix=studio'])
  })

  test('keep a value that looks like an option, is empty, or holds an equals sign', () => {
    expect(translate('-queueNamePrefix', '--wait', '-queueNamePrefix=', '-queueNamePrefix=a=b')).toEqual([
      '--queue-name-prefix=--wait',
      '--queue-name-prefix=',
      '--queue-name-prefix=a=b',
    ])
  })

  test('are dropped together with their value where they mean nothing today', () => {
    expect(translate('-storageAccountResourceGroup', 'rg', 'list')).toEqual(['list'])
    expect(translate('-storageAccountResourceGroup=rg', 'list')).toEqual(['list'])
  })

  test('that are switches take no value from the next argument', () => {
    expect(translate('-blockUntilWarm', 'status')).toEqual(['--wait', 'status'])
  })

  test.each(['1', 't', 'T', 'true', 'TRUE', 'True'])('that are switches are on with =%s', (value) => {
    expect(translate(`-blockUntilWarm=${value}`)).toEqual(['--wait'])
  })

  test.each(['0', 'f', 'F', 'false', 'FALSE', 'False'])('that are switches are off with =%s', (value) => {
    expect(translate(`-blockUntilWarm=${value}`)).toEqual([])
  })

  test('that are switches refuse anything else', () => {
    expect(() => translate('-blockUntilWarm=yes')).toThrow(
      new UsageError('-blockUntilWarm: expected true or false, got "yes"'),
    )
  })

  test('refuse to go without their value', () => {
    expect(() => translate('-queueNamePrefix')).toThrow(new UsageError('-queueNamePrefix: expected a value after it'))
  })
})

describe('everything else', () => {
  test.each([
    ['-x'],
    ['--queue', 'sqlite:f'],
    ['--unknownFlag=1'],
    ['-h'],
    ['-'],
    ['job.json'],
    ['-constructor', 'x'],
    ['-toString=1'],
  ])('passes untouched: %s %s', (...argv) => {
    expect(translate(...argv)).toEqual(argv)
  })

  test('that follows two dashes is no flag', () => {
    expect(translate('-queueNamePrefix', 'a', '--', '-queueNamePrefix', 'b')).toEqual([
      '--queue-name-prefix=a',
      '--',
      '-queueNamePrefix',
      'b',
    ])
  })
})
