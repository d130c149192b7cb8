import { getEventListeners } from 'node:events'
import { expect, test } from 'vitest'
import { follow } from './abort.ts'

test('a follower aborts with the reason of the first leader that does', () => {
  const [one, two] = [new AbortController(), new AbortController()]
  using follower = follow(one.signal, undefined, two.signal)
  two.abort('two')
  one.abort('one')
  expect(follower.signal.reason).toBe('two')
})

test('a follower of an aborted leader is aborted from the start', () => {
  using follower = follow(AbortSignal.abort('before'))
  expect(follower.signal.reason).toBe('before')
})

test('a follower may be aborted by itself, and its leaders know nothing of it', () => {
  const leader = new AbortController()
  using follower = follow(leader.signal)
  follower.abort('mine')
  expect(follower.signal.reason).toBe('mine')
  expect(leader.signal.aborted).toBe(false)
})

test('a released follower follows no more and leaves no listener', () => {
  const leader = new AbortController()
  const follower = follow(leader.signal)
  expect(getEventListeners(leader.signal, 'abort')).toHaveLength(1)
  follower[Symbol.dispose]()
  expect(getEventListeners(leader.signal, 'abort')).toHaveLength(0)
  leader.abort('late')
  expect(follower.signal.aborted).toBe(false)
})
