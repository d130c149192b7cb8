import { encodeControl } from '@cachewarmer/core'
import type { SimJob } from './expectations.ts'
import type { World } from './world.ts'

/** Time that a person waits for a pause to show before resuming anyway. */
const patienceMs = 600_000

/** A person at the first job: pauses it, sees that it rests and that nothing is paid for, resumes it; or cancels it. */
export function beginAsks(world: World, jobs: readonly SimJob[]): void {
  const { sim, extras, monitor, service, tally } = world
  const [job] = jobs
  if (job === undefined) return
  const { pause, cancelAtMs } = extras.asks
  const { label } = job
  const ask = (command: 'pause' | 'resume' | 'cancel'): void => {
    tally.count(`asked: ${command}`)
    void service.queue(monitor.names.control).send(encodeControl({ v: 1, command, target: label }))
  }
  const resume = (): void => {
    seeNothingPaidFor(world, jobs)
    // It is unknown whether a manager received it.
    for (const ms of [0, 60_000, 300_000]) sim.after(ms, () => ask('resume'))
  }
  if (pause !== undefined)
    sim.after(pause.atMs, () => {
      ask('pause')
      const askedAtMs = sim.nowMs
      const look = (): void => {
        const sinceMs = monitor.heard.restsSinceMs(label)
        const rested = sinceMs !== undefined && sim.nowMs - sinceMs >= pause.forMs
        if (rested || sim.nowMs - askedAtMs > patienceMs) resume()
        else sim.after(1_000, look)
      }
      look()
    })
  if (cancelAtMs !== undefined) sim.after(cancelAtMs, () => ask('cancel'))
}

/** A machine takes this long to go. */
const goneMs = 60_000

/** While every job rests, and has rested for long enough, no worker runs. */
function seeNothingPaidFor(world: World, jobs: readonly SimJob[]): void {
  const { sim, scenario, monitor, workers, compute } = world
  const rested = jobs.map(({ label }) => monitor.heard.restsSinceMs(label) ?? Number.POSITIVE_INFINITY)
  const sinceMs = Math.max(...rested, world.troubledAtMs)
  if (sim.nowMs - sinceMs < scenario.idleMs + scenario.leaseMs + goneMs) return
  if (workers.size > 0 || compute.machines.length > 0)
    monitor.violate(`${workers.size} workers and ${compute.machines.length} machines run while every job rests`)
}
