import { type Counts, emptyCounts, type HeldAttempt, Prefix } from '@cachewarmer/core'
import { aHeartbeat, aHeldAttempt } from '@cachewarmer/core/testing'
import { describe, expect, test } from 'vitest'
import { World } from '../testing/world.ts'
import { StatusStore } from './status-store.ts'

const counts = (files: number, failures: Record<string, number> = {}): Counts => ({
  ...emptyCounts(),
  files,
  bytes: files * 100,
  failures,
})
const manager = { name: 'manager-1', prefix: 'studio', steering: false }

function watched(): { world: World; store: StatusStore; start: () => ReturnType<World['start']> } {
  const world = new World()
  const store = new StatusStore(world.ports, manager)
  return { world, store, start: () => world.start({}, { observer: store }) }
}

const failure = { path: '/scene1/\udcff', code: 'IO', address: 'a' }

describe('the store', () => {
  test('shows a run with its workers while it is under way, and what became of it', async () => {
    const { world, store, start } = watched()
    const running = start()
    const id = await world.submit({ jobId: 'night' })
    const { item, lease } = await world.takeItem(id)
    const limits = [{ address: '10.0.1.11', state: 'up' as const, inFlight: 3, limit: 8, p50Ms: 2, p99Ms: 9 }]
    const beating = (worker: string, files: number, held: Partial<HeldAttempt>) =>
      aHeartbeat({
        run: item.run,
        worker,
        limits,
        attempts: [aHeldAttempt({ path: '/scene1', frontier: 7, counts: counts(files), ...held })],
      })
    await world.report(beating('worker-1', 5, { item: item.item }))
    await world.report(beating('worker-2', 6, { item: 'other.0', attempt: 'b' }))
    await world.until(async () => (store.overview().runs[0]?.files === 11 ? true : undefined))
    const { runs, workers, manager: shown, fleet } = store.overview()
    expect(shown).toMatchObject({ name: 'manager-1', leading: true })
    expect(fleet).toMatchObject({ wanted: 4 })
    expect(runs).toMatchObject([
      { run: item.run, label: 'night', state: 'running', files: 11, bytes: 1_100, failures: 0 },
    ])
    expect(workers).toMatchObject([
      { name: 'worker-1', work: [{ run: item.run, path: '/scene1', files: 5, frontier: 7 }] },
      { name: 'worker-2', work: [{ run: item.run, files: 6 }] },
    ])
    const view = store.run(item.run)
    expect(view?.timeline.files.at(-1)).toBe(11)
    expect(view?.timeline.latency['10.0.1.11']?.p99Ms.at(-1)).toBe(9)

    await world.report({
      v: 1,
      kind: 'failures',
      run: item.run,
      item: item.item,
      attempt: 'a',
      part: 0,
      failures: [failure],
    })
    await world.report({
      v: 1,
      kind: 'result',
      run: item.run,
      item: item.item,
      attempt: 'a',
      worker: 'worker-1',
      outcome: 'read',
      children: [],
      failureParts: 1,
      counts: counts(20, { IO: 1 }),
      elapsedMs: 10,
    })
    await lease.complete()
    await world.reached(id)
    expect(store.overview()).toMatchObject({
      runs: [{ run: item.run, state: 'ended', outcome: 'completed with failures', files: 20, failures: 1 }],
      workers: [],
    })
    expect(store.failures(item.run)).toEqual({ v: 1, total: 1, failures: [failure] })
    expect(store.report(item.run)).toMatchObject({
      status: { outcome: 'completed with failures' },
      failures: [failure],
    })
    expect(store.report(item.run)?.timeline.files.at(-1)).toBe(20)

    const later = new StatusStore(world.ports, manager)
    expect(later.overview().runs).toMatchObject([{ run: item.run, label: 'night', state: 'ended', files: 20 }])
    expect(later.report(item.run)).toMatchObject({ timeline: { atMs: [] }, failures: [failure] })
    running.stop()
    await world.clock.run(running.ended)
    expect(store.overview().manager.leading).toBe(false)
  })

  test('shows a job that was refused, and why', async () => {
    const { world, store, start } = watched()
    const running = start()
    const id = await world.submitRaw('{"JobId": "broken", "Path')
    await world.until(async () => ((await world.depth(new Prefix('studio').job)) === 0 ? true : undefined))
    expect(store.overview().runs).toMatchObject([{ jobMessageId: id, outcome: 'refused', place: '' }])
    running.stop()
    await world.clock.run(running.ended)
  })

  test('knows no run that it was not shown', () => {
    const { store } = watched()
    expect([store.run('nobodyknows1'), store.failures('nobodyknows1'), store.report('nobodyknows1')]).toEqual([
      undefined,
      undefined,
      undefined,
    ])
  })
})
