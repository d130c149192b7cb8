import type { FleetStatus } from '@cachewarmer/core'
import { count, printable } from '../../index.ts'
import { Facts } from './parts.tsx'

const kinds = {
  local: 'processes beside the manager',
  vmss: 'Azure scale set',
  none: 'started by somebody else',
} as const

/** What runs the workers, and what it has cost. */
export function FleetFacts({ fleet }: { fleet: FleetStatus }) {
  const { kind, wanted, running, size, priority, machineHours, cost, problem, notes } = fleet
  const rows: [string, string][] = [['Workers are', kinds[kind]]]
  if (kind !== 'none') rows.push(['Running', `${count(running)} of ${count(wanted)} wanted`])
  if (size !== undefined) rows.push(['Size', printable(size)])
  if (priority !== undefined) rows.push(['Priority', priority])
  if (machineHours !== undefined) rows.push(['Machine hours', machineHours.toFixed(2)])
  if (cost !== undefined) {
    const dollars = cost.dollars.toLocaleString('en-US', { style: 'currency', currency: 'USD' })
    rows.push(['Cost so far', cost.basis === 'price' ? dollars : `at most ${dollars}`])
  }
  return (
    <section aria-labelledby="fleet">
      <h2 id="fleet">Fleet</h2>
      {problem !== undefined && (
        <p class="trouble" role="status">
          {printable(problem)}
        </p>
      )}
      <Facts rows={rows} />
      {notes.length > 0 && (
        <ul>
          {notes.map((note, at) => (
            <li key={at}>{printable(note)}</li>
          ))}
        </ul>
      )}
    </section>
  )
}
