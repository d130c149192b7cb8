import { expect, test } from 'vitest'
import type { FileHandle } from './handle.ts'
import { HandleCache } from './handle-cache.ts'

const fill = (cache: HandleCache, paths: readonly string[]) => {
  for (const path of paths) cache.set(path, { handle: path as FileHandle, attributes: undefined })
}
const known = (cache: HandleCache, paths: readonly string[]) => paths.filter((path) => cache.get(path)?.handle === path)

test('the least recently used handle is forgotten first', () => {
  const cache = new HandleCache(3)
  fill(cache, ['/a', '/b', '/c'])
  cache.get('/a')
  fill(cache, ['/d', '/c'])
  expect(known(cache, ['/a', '/b', '/c', '/d'])).toEqual(['/a', '/c', '/d'])
})

test('with a path everything below it is forgotten, and nothing else', () => {
  const cache = new HandleCache(10)
  const paths = ['/a', '/a/b', '/a/b/c', '/a/bc', '/ab']
  fill(cache, paths)
  cache.forget('/a/b')
  expect(known(cache, paths)).toEqual(['/a', '/a/bc', '/ab'])
  cache.forget('')
  expect(known(cache, paths)).toEqual([])
})

test('without room nothing is remembered', () => {
  const cache = new HandleCache(0)
  fill(cache, ['/a'])
  expect(cache.get('/a')).toBeUndefined()
})
