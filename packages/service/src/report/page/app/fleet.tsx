import type { FleetStatus } from '@cachewarmer/core'
import { useState } from 'preact/hooks'
import { bytes, count, duration, plural, printable } from '../../index.ts'
import type { RunSummary, WorkerView } from '../view.ts'
import { Facts, nameOf } from './parts.tsx'

const kinds = {
  local: 'processes beside the manager',
  vmss: 'Azure scale set',
  none: 'started outside of the manager',
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

interface WorkerTableProps {
  readonly workers: readonly WorkerView[]
  readonly runs: readonly RunSummary[]
  readonly nowMs: number
}

/** Workers that were heard of late, and what each does. */
export function WorkerTable({ workers, runs, nowMs }: WorkerTableProps) {
  const [sought, setSought] = useState('')
  if (workers.length === 0) return null
  const names = new Map(runs.map((run) => [run.run, nameOf(run)]))
  const shown =
    sought === '' ? workers : workers.filter((worker) => textOf(worker, names).includes(sought.toLowerCase()))
  return (
    <section aria-labelledby="workers">
      <h2 id="workers">Workers</h2>
      <div class="tools">
        <label>
          Find a worker or a path
          <input type="search" value={sought} onInput={(event) => setSought(event.currentTarget.value)} />
        </label>
        <span role="status">
          {sought === ''
            ? plural(workers.length, 'worker')
            : `${count(shown.length)} of ${plural(workers.length, 'worker')}`}
        </span>
      </div>
      {/* biome-ignore lint/a11y: what scrolls has to be reached by keyboard, and says what it is. */}
      <div class="table tall" tabIndex={0} role="region" aria-label="Workers">
        <table>
          <thead>
            <tr>
              <th scope="col">Worker</th>
              <th scope="col" class="number">
                Files/s
              </th>
              <th scope="col" class="number">
                Rate
              </th>
              <th scope="col">Works on</th>
              <th scope="col" class="number wide">
                To do
              </th>
              <th scope="col" class="number wide">
                Heard of
              </th>
            </tr>
          </thead>
          <tbody>
            {shown.map((worker) => (
              <WorkerRow key={worker.name} worker={worker} names={names} nowMs={nowMs} />
            ))}
          </tbody>
        </table>
      </div>
    </section>
  )
}

function WorkerRow({
  worker,
  names,
  nowMs,
}: {
  worker: WorkerView
  names: ReadonlyMap<string, string>
  nowMs: number
}) {
  const { name, work, ratesPerSecond, seenAtMs } = worker
  return (
    <tr>
      <th scope="row">{printable(name)}</th>
      <td class="number">{count(ratesPerSecond.files)}</td>
      <td class="number">{bytes(ratesPerSecond.bytes)}/s</td>
      <td>
        {work.length === 0 ? (
          <span class="dim">between items</span>
        ) : (
          work.map(({ run, item, path }) => (
            <span key={item} class="work">
              {names.get(run) ?? run}
              {path === undefined ? '' : <span class="path">{printable(path)}</span>}
            </span>
          ))
        )}
      </td>
      <td class="number wide">{count(work.reduce((sum, { frontier }) => sum + frontier, 0))}</td>
      <td class="number wide">{duration(Math.round(Math.max(0, nowMs - seenAtMs) / 1_000) * 1_000)} ago</td>
    </tr>
  )
}

const textOf = ({ name, work }: WorkerView, names: ReadonlyMap<string, string>): string =>
  [name, ...work.map(({ run, path }) => `${names.get(run) ?? run} ${path ?? ''}`)].join(' ').toLowerCase()
