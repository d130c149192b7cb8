import type { Logger } from '@cachewarmer/queue'
import { fakeClock } from '@cachewarmer/queue/testing'
import * as vmss from '@cachewarmer/vmss'
import { expect, test } from 'vitest'
import { scaleSetOfLeader } from './azure-fleet.ts'

const quiet = (): void => undefined
const logger: Logger = { debug: quiet, info: quiet, warn: quiet, error: quiet, child: () => logger }

/** A scale set that only notes what it is asked for. */
function open() {
  const asked: string[] = []
  const clock = fakeClock()
  const scaleSet: vmss.ScaleSet = {
    want: (machines) => void asked.push(`want ${machines}`),
    observe: () => {
      throw new Error('not asked for')
    },
    ensureCapacity: () => Promise.reject(new Error('not asked for')),
    ensureDeleted: async () => {
      asked.push('delete')
      return 'deleted'
    },
    close: async () => void asked.push('close'),
    [Symbol.asyncDispose]: async () => undefined,
  }
  const hurry = new AbortController().signal
  return { asked, clock, fleet: scaleSetOfLeader(vmss, scaleSet, { clock, logger, hurry, graceMs: 20_000 }) }
}

test('a manager that never led leaves the scale set to the one who leads', async () => {
  const { asked, fleet } = open()
  await fleet.stop()
  expect(asked).toEqual(['close'])
})

test('a new leader keeps what is there until it knows what there is to do', async () => {
  const { asked, clock, fleet } = open()
  fleet.want(0)
  await clock.advance(19_999)
  fleet.want(0)
  expect(asked).toEqual([])
  fleet.want(3)
  fleet.want(0)
  expect(asked).toEqual(['want 3', 'want 0'])
})

test('a new leader without work deletes what is there after the idle time', async () => {
  const { asked, clock, fleet } = open()
  fleet.want(0)
  await clock.advance(20_000)
  fleet.want(0)
  expect(asked).toEqual(['want 0'])
})

test('a leader that stops deletes what exists, even if it did not make it', async () => {
  const { asked, fleet } = open()
  fleet.want(0)
  await fleet.stop()
  expect(asked).toEqual(['delete', 'close'])
})
