import { execFileSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import { shellWord, statusCommand } from './wait.ts'

describe('shellWord', () => {
  const labels = ['shot-12.v3', "Anna's night", '$(reboot) `id`', 'back\\slash', '-dash', '*', 'a"b', "''", '東京']

  test('is read by a shell as what it was', () => {
    const script = labels.map((label) => `printf '%s\\n' ${shellWord(label)}`).join('\n')
    expect(execFileSync('sh', ['-c', script], { encoding: 'utf8' }).trimEnd().split('\n')).toEqual(labels)
  })

  test('is the text itself where nothing in it is special', () => {
    expect(shellWord('shot-12.v3')).toBe('shot-12.v3')
  })

  test('holds nothing that can act on a terminal', () => {
    expect(shellWord('a\u001b[2J\nb')).toBe("'a\\x1b[2J\\nb'")
  })
})

test('a label that looks like an option is set apart', () => {
  expect(statusCommand('night')).toBe('cachewarmer-submit status night --wait')
  expect(statusCommand('-night')).toBe('cachewarmer-submit status --wait -- -night')
})
