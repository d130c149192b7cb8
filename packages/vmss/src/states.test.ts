import { expect, test } from 'vitest'
import type { InstanceState, SetState } from './compute-port.ts'
import { type ScaleSetState, stateOf } from './states.ts'

const set = (state: SetState) => ({ state, capacity: 1, size: '', spot: true, acceleratedNetworking: false, tags: {} })
const machines = (...states: InstanceState[]) =>
  states.map((state) => ({ id: '0', name: '', computerName: undefined, state, createdAtMs: undefined }))

const cases: [ScaleSetState, Parameters<typeof stateOf>][] = [
  ['absent', [undefined, [], undefined]],
  ['starting', [undefined, [], 'create']],
  ['starting', [set('creating'), machines('starting'), 'create']],
  ['starting', [set('ready'), [], undefined]],
  ['running', [set('ready'), machines('running', 'starting'), undefined]],
  ['changing', [set('updating'), machines('running'), undefined]],
  ['changing', [set('ready'), machines('running'), 'resize']],
  ['failed', [set('failed'), machines('failed'), undefined]],
  ['failed', [set('failed'), machines('running'), undefined]],
  ['deleting', [set('deleting'), machines('running'), undefined]],
  ['deleting', [set('ready'), machines('running'), 'delete-set']],
  ['deleting', [undefined, [], 'delete-set']],
]
test.each(cases)('a scale set is %s (%#)', (state, seen) => {
  expect(stateOf(...seen)).toBe(state)
})
