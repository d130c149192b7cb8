import { decodeJob } from '@cachewarmer/core'
import { describe, expect, test } from 'vitest'
import { rootScripts } from '../support/repository.ts'
import { documents } from './markdown.ts'
import { dryRun } from './programs.ts'
import { commandLines } from './shell.ts'

const shells = new Set(['sh', 'bash', 'shell', 'console', ''])
const blocks = documents.flatMap(({ blocks }) => blocks)

/** Command lines in blocks, and those in a sentence that have an option. */
const written = [
  ...blocks
    .filter(({ language }) => shells.has(language))
    .flatMap(({ where, text }) => commandLines(text).map((line) => ({ where, line }))),
  ...documents.flatMap(({ path, inline }) =>
    inline
      .filter((text) => /^(sudo )?cachewarmer[\w-]* .*-/.test(text))
      .flatMap((text) => commandLines(text).map((line) => ({ where: path, line }))),
  ),
].map(({ where, line }) => ({ where, line, text: [line.program, ...line.args].join(' ') }))

describe('command lines in documents', () => {
  test('are found', () => {
    expect(written.length).toBeGreaterThan(15)
    expect(new Set(written.map(({ line }) => line.program))).toEqual(
      new Set([
        'cachewarmer',
        'cachewarmer-manager',
        'cachewarmer-worker',
        'cachewarmer-submit',
        'cachewarmer-jobsubmitter',
      ]),
    )
  })

  test.each(written)('$where: $text', async ({ line }) => {
    await expect(dryRun(line)).resolves.toBeUndefined()
  })

  test.each([
    'cachewarmer-submit --adresses 10.0.1.11 --export /a --path /',
    'cachewarmer-submit --addresses 10.0.1.11 --export /a',
    'cachewarmer-manager --worker 3',
    'cachewarmer-manager warm --mounts /a /b',
    'cachewarmer-worker --lease-ms soon',
    'cachewarmer --queue sqlite:queue.db',
    'cachewarmer warm --mounts /a /b',
    'sudo FOO=1 /usr/local/bin/cachewarmer-worker --no-such-option | cat',
  ])('%s would be found', async (text) => {
    const [line] = commandLines(text)
    if (line === undefined) throw new Error('it was not even taken for a command line')
    await expect(dryRun(line)).rejects.toThrow()
  })
})

/** A run of a script that says so, with the script's name. */
const runs = (text: string): string[] =>
  [...text.matchAll(/\bnpm run (?:--silent )?([\w:-]+)/g)].map(([, name = '']) => name)

test.each(documents)('$path: each npm run NAME is a script of the root', ({ blocks, inline }) => {
  const named = [...blocks.map(({ text }) => text), ...inline]
    .flatMap(runs)
    .filter((name) => name !== 'NAME' && name !== 'X')
  expect(named.filter((name) => !rootScripts.has(name))).toEqual([])
})

describe('jobs in documents', () => {
  const jobs = blocks.filter(({ language, text }) => language === 'json' && /WarmTarget/i.test(text))

  test.each(jobs)('$where is one that a manager takes, without a warning', ({ text }) => {
    const { warnings } = decodeJob(text)
    expect(warnings).toEqual([])
  })

  test('every block of JSON is JSON', () => {
    for (const { language, text } of blocks) if (language === 'json') expect(() => JSON.parse(text)).not.toThrow()
  })
})
