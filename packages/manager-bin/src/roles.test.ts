import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { commands, help, type Role, roleOf } from './roles.ts'

describe('the role of the one file', () => {
  test.each<[name: string, first: string | undefined, role: Role | undefined]>([
    ['cachewarmer-manager', undefined, 'manager'],
    ['cachewarmer-manager', 'warm', 'manager'],
    ['cachewarmer-manager', '--queue', 'manager'],
    ['cachewarmer-worker', '--queue', 'worker'],
    ['cachewarmer-submit', 'status', 'submit'],
    ['cachewarmer-jobsubmitter', '-warmTargetPath', 'submit'],
    ['cachewarmer', 'warm', 'manager'],
    ['cachewarmer', 'serve', 'manager'],
    ['cachewarmer', 'status', 'submit'],
    ['cachewarmer-0.1.0', 'submit', 'submit'],
    ['cachewarmer', undefined, undefined],
    ['cachewarmer', '--queue', undefined],
    ['cachewarmer', 'toString', undefined],
    ['toString', undefined, undefined],
  ])('called %s with %s is %s', (name, first, role) => {
    expect(roleOf(name, first)).toEqual(role === undefined ? undefined : { role })
  })

  test.each(['cachewarmer', 'cachewarmer-manager', 'node'])(
    'called %s with worker is the worker, which does not see the word',
    (name) => {
      expect(roleOf(name, 'worker')).toEqual({ role: 'worker', named: true })
    },
  )

  test('is never changed by an argument of a submitter or a worker', () => {
    for (const first of Object.keys(commands)) {
      expect(roleOf('cachewarmer-submit', first)).toEqual({ role: 'submit' })
      expect(roleOf('cachewarmer-worker', first)).toEqual({ role: 'worker' })
    }
  })
})

/** The commands that a program lists in its own help. */
function listed(bin: string): string[] {
  if (!existsSync(bin)) throw new Error(`${bin} is missing: build the package first`)
  const said = execFileSync(process.execPath, [bin, '--help'], { encoding: 'utf8' })
  const [, section = ''] = /^Commands:\n((?: .*\n)*)/m.exec(said) ?? []
  return [...section.matchAll(/^ {2}([a-z]+)/gm)].map(([, name = '']) => name).filter((name) => name !== 'help')
}

test.each([
  ['manager', new URL('../dist/bin.js', import.meta.url).href],
  ['submit', import.meta.resolve('@cachewarmer/submit/bin')],
])('every command of the program %s is a command of the one file, and no other', (role, bin) => {
  const ours = Object.entries(commands).filter(([, [of]]) => of === role)
  expect(ours.map(([name]) => name).sort()).toEqual(listed(fileURLToPath(bin)).sort())
})

test('the help lists every command', () => {
  for (const name of Object.keys(commands)) expect(help).toMatch(new RegExp(`^  ${name} `, 'm'))
})
