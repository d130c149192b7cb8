import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { mutations } from './mutations.ts'
import { mutated, root } from './scratch.ts'

test.each(mutations)('"$name" still has its one place in $file', (mutation) => {
  const text = readFileSync(join(root, mutation.file), 'utf8')
  expect(mutated(text, mutation)).not.toBe(text)
})

test('a place that is missing, or exists twice, is reported', () => {
  const mutation = { name: 'x', file: 'f.ts', find: 'a', replace: 'b' }
  expect(() => mutated('', mutation)).toThrow('is 0 times in f.ts')
  expect(() => mutated('aa', mutation)).toThrow('is 2 times in f.ts')
})
