import { describe, expect, test } from 'vitest'
import { VmssError, type VmssErrorCode } from '../errors.ts'
import {
  afterAll,
  afterFailure,
  afterNothing,
  afterSuccess,
  currentShare,
  type Deed,
  freshMemory,
  type Memory,
  Notes,
} from './memory.ts'

const now = { nowMs: 1_000_000, candidates: 3, wanted: 12 }
const error = (code: VmssErrorCode, retryAfterMs?: number) => new VmssError(code, 'set', 'no', { retryAfterMs })
const fail = (memory: Memory, code: VmssErrorCode, during: Deed = 'create') =>
  afterFailure(memory, { error: error(code), during }, now)
const failTimes = (times: number, code: VmssErrorCode, during: Deed = 'create') =>
  Array.from({ length: times }).reduce<Memory>((memory) => fail(memory, code, during), freshMemory)

describe('afterFailure', () => {
  test.each(['NO_CAPACITY', 'QUOTA', 'OPTION_INVALID'] as const)(
    '%s moves on to the next candidate at once',
    (code) => {
      const after = fail(freshMemory, code)
      expect(after).toMatchObject({ candidate: 1, growAtMs: now.nowMs, hopeless: false })
      expect(after.problem).toMatchObject({ error: { code }, during: 'create' })
    },
  )

  test.each<[VmssErrorCode, Deed]>([
    ['UNAVAILABLE', 'look'],
    ['FORBIDDEN', 'look'],
    ['FORBIDDEN', 'create'],
    ['QUOTA', 'create'],
  ])('the newest failure is the problem that people see: %s during %s', (code, during) => {
    const after = fail(failTimes(2, 'THROTTLED', 'look'), code, during)
    expect(after.problem).toMatchObject({ error: { code }, during })
  })

  test('after the last candidate comes a pause and the first one again, longer each time up to five minutes', () => {
    const pauses = [3, 6, 9, 12, 15, 18].map((times) => failTimes(times, 'NO_CAPACITY').growAtMs - now.nowMs)
    expect(pauses).toEqual([30_000, 60_000, 120_000, 240_000, 300_000, 300_000])
    expect(failTimes(3, 'NO_CAPACITY')).toMatchObject({ candidate: 0, hopeless: true })
  })

  test('when every size is over the quota, half as many machines are asked for, then a quarter', () => {
    const half = failTimes(3, 'QUOTA')
    expect(half).toMatchObject({ candidate: 0, share: 0.5, growAtMs: now.nowMs, hopeless: false })
    expect(currentShare(half, now.nowMs)).toBe(0.5)
    expect(currentShare(half, now.nowMs + 300_000)).toBe(1)
    expect(failTimes(6, 'QUOTA')).toMatchObject({ share: 0.25, hopeless: false })
  })

  test('when not even one machine is within the quota, that is the end of the round', () => {
    const none = failTimes(12, 'QUOTA')
    expect(none).toMatchObject({ share: 1, hopeless: true, candidate: 0 })
    expect(none.growAtMs).toBeGreaterThan(now.nowMs)
  })

  test.each(['THROTTLED', 'UNAVAILABLE', 'CONFLICT', 'NOT_FOUND'] as const)(
    '%s passes: all calls wait, longer each time',
    (code) => {
      const pauses = [1, 2, 3, 7, 8].map((times) => failTimes(times, code, 'look').callAtMs - now.nowMs)
      expect(pauses).toEqual([1_000, 2_000, 4_000, 60_000, 60_000])
      expect(failTimes(8, code)).toMatchObject({ candidate: 0, hopeless: false })
    },
  )

  test("Azure's own wish to be left alone is respected", () => {
    const after = afterFailure(freshMemory, { error: error('THROTTLED', 37_000), during: 'look' }, now)
    expect(after.callAtMs).toBe(now.nowMs + 37_000)
  })

  test.each(['FORBIDDEN', 'TERMS_NOT_ACCEPTED', 'FAILED'] as const)(
    '%s needs people: machines are asked for less and less often',
    (code) => {
      const pauses = [1, 2, 3, 4, 5].map((times) => failTimes(times, code).growAtMs - now.nowMs)
      expect(pauses).toEqual([15_000, 30_000, 60_000, 120_000, 120_000])
      expect(failTimes(1, code)).toMatchObject({ candidate: 0, hopeless: true, callAtMs: 0 })
    },
  )

  test.each(['look', 'delete-set', 'delete-instances'] as const)(
    'a %s that is forbidden waits as a whole',
    (during) => {
      expect(fail(freshMemory, 'FORBIDDEN', during)).toMatchObject({
        callAtMs: now.nowMs + 15_000,
        growAtMs: 0,
        hopeless: true,
      })
    },
  )
})

describe('afterSuccess', () => {
  test('machines that came end all pauses and the problem, and keep the candidate that worked', () => {
    const after = afterSuccess({ ...failTimes(4, 'NO_CAPACITY'), candidate: 1 }, 'resize')
    expect(after).toMatchObject({ candidate: 1, standing: 0, hopeless: false, problem: undefined })
  })

  test('a look that works ends what stood in the way of looks', () => {
    for (const code of ['FORBIDDEN', 'UNAVAILABLE'] as const) {
      const after = afterSuccess(fail(freshMemory, code, 'look'), 'look')
      expect(after).toMatchObject({ problem: undefined, hopeless: false, passing: 0, callAtMs: 0 })
    }
  })

  test.each(['look', 'delete-set'] as const)('a %s says nothing about whether machines can be made', (during) => {
    for (const code of ['FORBIDDEN', 'UNAVAILABLE', 'NO_CAPACITY'] as const) {
      const failed = failTimes(3, code)
      expect(afterSuccess(failed, during)).toEqual(failed)
    }
  })

  test('a look says nothing about deletions, so that one that fails is tried less and less often', () => {
    const once = fail(freshMemory, 'UNAVAILABLE', 'delete-set')
    const twice = fail(afterSuccess(once, 'look'), 'UNAVAILABLE', 'delete-set')
    expect(twice.callAtMs - now.nowMs).toBe(2_000)
    expect(afterSuccess(twice, 'delete-set')).toMatchObject({ problem: undefined, passing: 0 })
  })

  test('when all is as wanted, only the candidate is remembered', () => {
    expect(afterAll({ ...failTimes(5, 'QUOTA'), candidate: 2 })).toEqual({ ...freshMemory, candidate: 2 })
  })
})

describe('afterNothing', () => {
  test('machines that did not come are asked for later, and so are machines that did not go', () => {
    expect(afterNothing(freshMemory, 'resize', now.nowMs)).toEqual({ ...freshMemory, growAtMs: now.nowMs + 30_000 })
    expect(afterNothing(freshMemory, 'delete-instances', now.nowMs)).toEqual({
      ...freshMemory,
      callAtMs: now.nowMs + 30_000,
    })
  })
})

test('keeps the ten newest, and says nothing twice', () => {
  const notes = new Notes()
  for (let note = 1; note <= 12; note += 1) notes.add(String(note))
  notes.add('12')
  notes.add('5')
  expect(notes.all).toEqual(['3', '4', '6', '7', '8', '9', '10', '11', '12', '5'])
})
