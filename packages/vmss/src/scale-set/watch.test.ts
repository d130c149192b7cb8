import { expect, test } from 'vitest'
import type { ComputePort, ObservedInstance, ObservedSet } from './compute-port.ts'
import { RepeatGuard, Watch } from './watch.ts'

const set: ObservedSet = { state: 'ready', capacity: 1, size: 'x', spot: true, acceleratedNetworking: false, tags: {} }

/** A port that answers when the test lets it. */
function slowPort(seen: { set: ObservedSet | undefined; instances?: readonly ObservedInstance[] }) {
  const asked: string[] = []
  let gate = Promise.resolve()
  const port = {
    find: async () => {
      asked.push('find')
      const answer = seen.set
      await gate
      return answer
    },
    instances: async () => {
      asked.push('instances')
      await gate
      return seen.set && (seen.instances ?? [])
    },
  } as Partial<ComputePort> as ComputePort
  return {
    port,
    asked,
    hold: () => {
      const { promise, resolve } = Promise.withResolvers<void>()
      gate = promise
      return resolve
    },
  }
}

test('looks at the machines alone while that will do', async () => {
  const seen = { set }
  const { port, asked } = slowPort(seen)
  const watch = new Watch(port, 'set')
  expect(watch.stale).toBe(true)
  await watch.look(1, () => true, {})
  await watch.look(2, () => true, {})
  await watch.look(3, () => false, {})
  expect(asked).toEqual(['find', 'instances', 'instances', 'instances', 'find', 'instances'])
  expect(watch).toMatchObject({ set, seenAtMs: 3, stale: false })
})

test('tells when a set is gone', async () => {
  const seen: { set: ObservedSet | undefined } = { set }
  const { port } = slowPort(seen)
  const watch = new Watch(port, 'set')
  expect(await watch.look(1, () => true, {})).toBe('seen')
  seen.set = undefined
  expect(await watch.look(2, () => true, {})).toBe('gone')
  expect(await watch.look(3, () => true, {})).toBe('seen')
  expect(watch.set).toBeUndefined()
})

test('a look that something happened during is no ground to act on', async () => {
  const { port, hold } = slowPort({ set })
  const watch = new Watch(port, 'set')
  const release = hold()
  const look = watch.look(1, () => true, {})
  watch.invalidate()
  release()
  await look
  expect(watch.stale).toBe(true)
  await watch.look(2, () => true, {})
  expect(watch.stale).toBe(false)
})

test('tells the same deed on the same sight, every second time', () => {
  const guard = new RepeatGuard()
  const asked = [1, 2, 3, 4].map(() => guard.isRepeat({ kind: 'resize' }, ['two machines']))
  expect(asked).toEqual([false, true, false, true])
})

test('another deed, another sight, a change in between or a failure is no repetition', () => {
  const guard = new RepeatGuard()
  expect(guard.isRepeat('resize', 'two')).toBe(false)
  expect(guard.isRepeat('delete', 'two')).toBe(false)
  expect(guard.isRepeat('delete', 'one')).toBe(false)
  guard.saw('none')
  expect(guard.isRepeat('delete', 'one')).toBe(false)
  guard.saw('one')
  guard.forget()
  expect(guard.isRepeat('delete', 'one')).toBe(false)
  guard.saw('one')
  expect(guard.isRepeat('delete', 'one')).toBe(true)
})
