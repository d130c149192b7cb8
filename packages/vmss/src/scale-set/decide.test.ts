import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { InstanceState, ObservedInstance, ObservedSet, SetState } from './compute-port.ts'
import { nextAction, type Policy, type ScaleSetState, type Situation, stateOf } from './decide.ts'
import { freshMemory } from './memory.ts'
import type { Candidate } from './settings.ts'

const spot: Candidate = { size: 'Standard_D2s_v3', priority: 'spot' }
const larger: Candidate = { size: 'Standard_D4s_v5', priority: 'spot' }
const regular: Candidate = { size: 'Standard_D2s_v3', priority: 'regular' }
const policy: Policy = { count: 12, candidates: [spot, larger, regular], accelerated: (size) => size.endsWith('v5') }

const aSet = (given: Partial<ObservedSet> = {}): ObservedSet => ({
  state: 'ready',
  capacity: 3,
  size: spot.size,
  spot: true,
  acceleratedNetworking: false,
  tags: {},
  ...given,
})
const machines = (...states: InstanceState[]): ObservedInstance[] =>
  states.map((state, index) => ({
    id: String(index),
    name: `set_${index}`,
    computerName: `host${index}`,
    state,
    createdAtMs: 1_000 + index,
  }))
const situation = (given: Partial<Situation> = {}): Situation => ({
  nowMs: 1_000_000,
  set: undefined,
  instances: [],
  busy: undefined,
  wanted: 3,
  working: new Set(),
  spent: false,
  memory: freshMemory,
  ...given,
})
const decide = (given: Partial<Situation>, rules: Partial<Policy> = {}) =>
  nextAction(situation(given), { ...policy, ...rules })
const all3 = machines('running', 'running', 'running')

describe('nextAction', () => {
  test('makes a set when machines are wanted and there is none', () => {
    expect(decide({})).toMatchObject({ kind: 'create', candidate: spot, capacity: 3 })
  })

  test('never asks for more machines than the count', () => {
    expect(decide({ wanted: 500 })).toMatchObject({ kind: 'create', capacity: 12 })
    const set = aSet({ capacity: 12 })
    expect(decide({ wanted: 500, set, instances: machines(...Array<'running'>(12).fill('running')) }).kind).toBe('wait')
  })

  test('waits while all is well', () => {
    expect(decide({ set: aSet(), instances: all3 })).toEqual({ kind: 'wait', reason: 'all is well' })
    expect(decide({ set: aSet(), instances: machines('running', 'starting', 'starting') }).kind).toBe('wait')
  })

  test('does nothing when nothing is wanted and nothing is there', () => {
    expect(decide({ wanted: 0 }).kind).toBe('wait')
  })

  test('replaces machines that Azure took back, whether or not the capacity went down with them', () => {
    const instances = machines('running', 'running')
    for (const capacity of [2, 3]) {
      expect(decide({ set: aSet({ capacity }), instances })).toMatchObject({
        kind: 'resize',
        capacity: 3,
        size: spot.size,
      })
    }
  })

  test('does not count machines that are going', () => {
    expect(decide({ set: aSet(), instances: machines('running', 'running', 'stopping') })).toMatchObject({
      kind: 'resize',
    })
  })

  test('clears away machines that failed or were shut down, by name, before it asks for others', () => {
    const instances = machines('running', 'failed', 'stopped')
    expect(decide({ set: aSet({ state: 'failed' }), instances })).toMatchObject({
      kind: 'delete-instances',
      ids: ['1', '2'],
    })
  })

  test('deletes a failed set without machines, also while it may not make another', () => {
    const failed = { set: aSet({ state: 'failed' }), instances: machines('failed') }
    expect(decide(failed)).toMatchObject({ kind: 'delete-set', reason: 'nothing of it runs' })
    expect(decide({ ...failed, memory: { ...freshMemory, growAtMs: 2_000_000 } }).kind).toBe('delete-set')
  })

  test('makes an emptied set anew when the candidate is another one, and fills it up when not', () => {
    expect(decide({ set: aSet() })).toMatchObject({ kind: 'resize', capacity: 3 })
    expect(decide({ set: aSet(), memory: { ...freshMemory, candidate: 1 } }).kind).toBe('delete-set')
    expect(decide({ set: aSet(), memory: { ...freshMemory, candidate: 2 } }).kind).toBe('delete-set')
  })

  test('lets machines of the next size join those that run', () => {
    const now = {
      set: aSet({ state: 'failed' }),
      instances: machines('running'),
      memory: { ...freshMemory, candidate: 1 },
    }
    expect(decide(now)).toMatchObject({ kind: 'resize', capacity: 3, size: larger.size })
  })

  test('passes over a candidate that cannot join: another priority, or no accelerated networking', () => {
    const instances = machines('running')
    expect(decide({ set: aSet(), instances, memory: { ...freshMemory, candidate: 2 } }).kind).toBe('next-size')
    const set = aSet({ size: larger.size, acceleratedNetworking: true })
    expect(decide({ set, instances, memory: { ...freshMemory, candidate: 0 } }).kind).toBe('next-size')
    expect(decide({ set, instances, memory: { ...freshMemory, candidate: 1 } }).kind).toBe('resize')
  })

  test('asks for nothing before its time, but still removes', () => {
    const memory = { ...freshMemory, growAtMs: 1_000_001 }
    expect(decide({ memory }).kind).toBe('wait')
    expect(decide({ memory, set: aSet(), instances: machines('running') }).kind).toBe('wait')
    expect(decide({ memory, set: aSet(), instances: all3, wanted: 0 }).kind).toBe('delete-set')
    expect(decide({ memory: { ...memory, growAtMs: 1_000_000 } }).kind).toBe('create')
  })

  test('asks for the share that the quota may allow, one at least, until it may ask for all again', () => {
    const memory = { ...freshMemory, share: 0.5, shareUntilMs: 1_000_001 }
    expect(decide({ wanted: 12, memory })).toMatchObject({ capacity: 6 })
    expect(decide({ wanted: 1, memory })).toMatchObject({ capacity: 1 })
    const six = { wanted: 12, set: aSet({ capacity: 6 }), instances: machines(...Array<'running'>(6).fill('running')) }
    expect(decide({ ...six, memory })).toEqual({ kind: 'wait', reason: 'the quota has no room for more' })
    expect(decide({ ...six, memory, nowMs: 1_000_001 })).toMatchObject({ kind: 'resize', capacity: 12 })
  })

  test('removes surplus machines by name: those that have not begun, then idle ones, then the youngest', () => {
    const instances = machines('running', 'running', 'starting', 'running', 'running')
    const gone = (wanted: number, working: string[] = []) => {
      const action = decide({ set: aSet({ capacity: 5 }), instances, wanted, working: new Set(working) })
      return action.kind === 'delete-instances' ? action.ids : action
    }
    expect(gone(4)).toEqual(['2'])
    expect(gone(3)).toEqual(['2', '4'])
    expect(gone(3, ['host1', 'host3', 'host4'])).toEqual(['2', '0'])
    expect(gone(2, ['set_3', 'HOST4'])).toEqual(['2', '1', '0'])
    expect(gone(1, ['set_3', 'host4'])).toEqual(['2', '1', '0', '4'])
  })

  test('tells machines of one age apart by their number', () => {
    const instances = machines('running', 'running').map((machine) => ({ ...machine, createdAtMs: undefined }))
    expect(decide({ set: aSet(), instances, wanted: 1 })).toMatchObject({ ids: ['1'] })
  })

  test.each(['creating', 'updating', 'deleting'] as const)('waits while Azure is %s the set by itself', (state) => {
    expect(decide({ set: aSet({ state }), instances: machines('starting') }).kind).toBe('wait')
  })

  test.each(['create', 'resize', 'delete-instances', 'delete-set'] as const)('waits for its own %s', (busy) => {
    expect(decide({ set: aSet(), instances: [], busy }).kind).toBe('wait')
  })

  test('deletes the set at once when nothing is wanted, during any operation, and only once', () => {
    for (const busy of [undefined, 'create', 'resize', 'delete-instances'] as const) {
      expect(decide({ wanted: 0, set: aSet({ state: 'creating' }), busy }).kind).toBe('delete-set')
    }
    expect(decide({ wanted: 0, busy: 'create' }).kind).toBe('delete-set')
    expect(decide({ wanted: 0, set: aSet(), busy: 'delete-set' }).kind).toBe('wait')
    expect(decide({ wanted: 0, set: aSet({ state: 'deleting' }) }).kind).toBe('wait')
  })

  test('deletes the set when the machine hours are used up, and makes no other', () => {
    expect(decide({ spent: true, set: aSet(), instances: all3 }).kind).toBe('delete-set')
    expect(decide({ spent: true }).kind).toBe('wait')
  })

  const situations = fc.record({
    nowMs: fc.constantFrom(0, 500, 1_000),
    set: fc.option(
      fc.record({
        state: fc.constantFrom('creating', 'updating', 'deleting', 'ready', 'failed'),
        capacity: fc.nat(20),
        size: fc.constantFrom(spot.size, larger.size, 'Standard_Other'),
        spot: fc.boolean(),
        acceleratedNetworking: fc.boolean(),
        tags: fc.constant({}),
      } as const),
      { nil: undefined },
    ),
    instances: fc
      .array(fc.constantFrom<InstanceState>('starting', 'running', 'stopping', 'stopped', 'failed'), { maxLength: 20 })
      .map((states) => machines(...states)),
    busy: fc.constantFrom(undefined, 'create', 'resize', 'delete-instances', 'delete-set'),
    wanted: fc.nat(20),
    working: fc.uniqueArray(fc.nat(20).map((id) => `host${id}`)).map((names) => new Set(names)),
    spent: fc.boolean(),
    memory: fc
      .record({ candidate: fc.nat(2), growAtMs: fc.constantFrom(0, 1_000), share: fc.constantFrom(1, 0.5, 0.25) })
      .map((given) => ({
        ...freshMemory,
        ...given,
        shareUntilMs: 600,
      })),
  } as const)

  test('for any sight: within the ceiling, only what exists is named, nothing is made that is not wanted', () => {
    fc.assert(
      fc.property(situations, (now) => {
        const action = nextAction(now, policy)
        const wanted = now.spent ? 0 : Math.min(now.wanted, policy.count)
        if (action.kind === 'create' || action.kind === 'resize') {
          expect(action.capacity).toBeGreaterThanOrEqual(1)
          expect(action.capacity).toBeLessThanOrEqual(wanted)
          expect(now.nowMs).toBeGreaterThanOrEqual(now.memory.growAtMs)
          expect(now.set === undefined).toBe(action.kind === 'create')
        }
        if (action.kind === 'delete-instances') {
          const ids = now.instances.map(({ id }) => id)
          expect(action.ids.length).toBeGreaterThan(0)
          expect(new Set(action.ids).size).toBe(action.ids.length)
          expect(ids).toEqual(expect.arrayContaining([...action.ids]))
          const left = now.instances.filter(
            ({ id, state }) => !action.ids.includes(id) && (state === 'running' || state === 'starting'),
          )
          const healthy = now.instances.filter(({ state }) => state === 'running' || state === 'starting')
          expect(left.length).toBeGreaterThanOrEqual(Math.min(wanted, healthy.length))
        }
        if (wanted === 0) expect(['wait', 'delete-set']).toContain(action.kind)
        if (now.busy !== undefined) expect(['wait', 'delete-set']).toContain(action.kind)
        if (action.kind === 'resize')
          expect(now.set?.acceleratedNetworking && !policy.accelerated(action.size)).toBeFalsy()
        expect(action.reason).not.toBe('')
      }),
      { numRuns: 2_000 },
    )
  })
})

const set = (state: SetState) => ({ state, capacity: 1, size: '', spot: true, acceleratedNetworking: false, tags: {} })
const seen = (...states: InstanceState[]) =>
  states.map((state) => ({ id: '0', name: '', computerName: undefined, state, createdAtMs: undefined }))

const cases: [ScaleSetState, Parameters<typeof stateOf>][] = [
  ['absent', [undefined, [], undefined]],
  ['starting', [undefined, [], 'create']],
  ['starting', [set('creating'), seen('starting'), 'create']],
  ['starting', [set('ready'), [], undefined]],
  ['running', [set('ready'), seen('running', 'starting'), undefined]],
  ['changing', [set('updating'), seen('running'), undefined]],
  ['changing', [set('ready'), seen('running'), 'resize']],
  ['failed', [set('failed'), seen('failed'), undefined]],
  ['failed', [set('failed'), seen('running'), undefined]],
  ['deleting', [set('deleting'), seen('running'), undefined]],
  ['deleting', [set('ready'), seen('running'), 'delete-set']],
  ['deleting', [undefined, [], 'delete-set']],
]
test.each(cases)('a scale set is %s (%#)', (state, given) => {
  expect(stateOf(...given)).toBe(state)
})
