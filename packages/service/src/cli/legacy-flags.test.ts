import { describe, expect, test } from 'vitest'
import { UsageError } from './errors.ts'
import { translateLegacyFlags } from './legacy-flags.ts'

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
