import { expect, test } from 'vitest'

test('what a command line needs is apart from it', async () => {
  expect(Object.keys(await import('./command-line.ts')).sort()).toEqual([
    'endCode',
    'jobOptions',
    'readJob',
    'systemFiles',
  ])
})
