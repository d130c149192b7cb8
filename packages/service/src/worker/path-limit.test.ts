import { encodeItem, MAX_PATH_BYTES } from '@cachewarmer/core'
import * as walker from '@cachewarmer/walker'
import { expect, test } from 'vitest'

test('a walk and a message have one limit for paths, so that whatever is walked can be handed away', () => {
  expect(walker.MAX_PATH_BYTES).toBe(MAX_PATH_BYTES)
  const path = `/${'\udcff'.repeat(MAX_PATH_BYTES - 1)}`
  expect(
    encodeItem({ v: 1, run: 'r2lczbwnjju3', item: 'root', strikes: 0, parts: [{ kind: 'tree', path }] }),
  ).toBeTypeOf('string')
})
