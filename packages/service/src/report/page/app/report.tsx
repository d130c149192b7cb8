import type { RunStatus } from '@cachewarmer/core'
import {
  addressFacts,
  bytes,
  count,
  doubtsByReason,
  duration,
  elapsedMs,
  fileUnderWay,
  headline,
  leftOut,
  limitFigures,
  limitKinds,
  namedHost,
  plural,
  printable,
  rates,
  resolvedHosts,
  waitingFor,
} from '../../index.ts'
import type { ReportData, TimelineData } from '../view.ts'
import { LatencyChart, ThroughputChart } from './charts.tsx'
import { Failures } from './failures.tsx'
import { FleetFacts } from './fleet.tsx'
import { Facts, nameOf, roundedTime, Share, StateBadge } from './parts.tsx'

/** The report of one run, out of the file that it is in. */
export function ReportPage({ data }: { data: ReportData }) {
  const { status, timeline, failures } = data
  return (
    <>
      <header>
        <h1>Warm-up report</h1>
        <p>{new Date(status.endedAtMs ?? status.updatedAtMs).toLocaleString()}</p>
      </header>
      <main>
        <RunReport status={status} timeline={timeline} />
        <Failures status={status} listed={failures} />
        {status.fleet !== undefined && status.fleet.kind !== 'none' && <FleetFacts fleet={status.fleet} />}
      </main>
    </>
  )
}

/** What became of a run, or becomes of it: the same words while it runs and at its end. */
export function RunReport({ status, timeline }: { status: RunStatus; timeline: TimelineData }) {
  return (
    <>
      <section aria-labelledby="run">
        <h2 id="run">
          {nameOf(status)} <StateBadge state={status.state} outcome={status.outcome} />
        </h2>
        <p class="headline">{headline(status)}</p>
        {status.state !== 'ended' && (
          <Share share={status.progress.expected?.share} ended={false} label="Progress of this run" />
        )}
        <Facts rows={factsOf(status)} />
        {status.warnings.length > 0 && (
          <ul class="warnings" aria-label="Warnings">
            {status.warnings.map((warning, at) => (
              <li key={at}>{printable(warning)}</li>
            ))}
          </ul>
        )}
      </section>
      {timeline.atMs.length > 1 && (
        <div class="charts">
          <ThroughputChart timeline={timeline} />
          <LatencyChart timeline={timeline} />
        </div>
      )}
      <Addresses status={status} />
    </>
  )
}

function factsOf(status: RunStatus): [string, string][] {
  const { job, progress, ceilings } = status
  const { counts, items, largest = [], timeLeftMs, waitsFor, workers } = progress
  const { files: filesRate, bytes: bytesRate } = rates(status)
  const live = status.state !== 'ended'
  const rows: [string, string][] = []
  for (const host of resolvedHosts(status)) rows.push(['Name', namedHost(host)])
  if (job !== null) rows.push(['Export', printable(job.exportPath)], ['Paths', job.paths.map(printable).join(', ')])
  rows.push(['Files', count(counts.files)], ['Size', bytes(counts.bytes)], ['Directories', count(counts.directories)])
  const { unreported } = status
  if (unreported !== undefined)
    rows.push(['Unreported', `at least ${plural(unreported.files, 'file')}, ${bytes(unreported.bytes)} more`])
  const left = leftOut(counts)
  if (left.length > 0) rows.push(['Left out', left.join(', ')])
  rows.push(['Time', duration(elapsedMs(status))], ['Rate', `${count(filesRate)} files/s, ${bytes(bytesRate)}/s`])
  if (live) {
    rows.push(['Time left', timeLeftMs === undefined ? 'not known yet' : duration(roundedTime(timeLeftMs))])
    if (largest.length > 0) rows.push(['Largest files under way', largest.map(fileUnderWay).join(', ')])
    if (waitsFor !== undefined) rows.push(['Waits for', waitingFor(waitsFor)])
    rows.push(['Items', `${count(items.done)} of ${count(items.announced)} done`], ['Workers', count(workers)])
    rows.push(['Weight', String(status.weight)])
    const { maxBytesPerSecond, maxRequestsPerSecond, maxWorkers } = ceilings
    if (maxBytesPerSecond !== undefined) rows.push(['At most', `${bytes(maxBytesPerSecond)}/s`])
    if (maxRequestsPerSecond !== undefined) rows.push(['Requests at most', `${count(maxRequestsPerSecond)}/s`])
    if (maxWorkers !== undefined) rows.push(['Workers at most', count(maxWorkers)])
  }
  rows.push(['Run', status.run])
  return rows
}

function Addresses({ status }: { status: RunStatus }) {
  const facts = addressFacts(status)
  if (facts.length === 0) return null
  const doubts = doubtsByReason(status)
  // Long reads have a limit of their own: there is something to show once one of them lasted.
  const kinds = limitKinds.filter(
    (kind) => kind.title === '' || facts.some(({ seen }) => seen && kind.of(seen)?.p50Ms !== undefined),
  )
  const columns = kinds.flatMap(({ title, of }) =>
    limitFigures.flatMap(({ key, column, print }) =>
      column === undefined ? [] : [{ head: title + column, of, key, print }],
    ),
  )
  return (
    <section aria-labelledby="addresses">
      <h2 id="addresses">Addresses</h2>
      <div class="table">
        <table>
          <thead>
            <tr>
              <th scope="col">Address</th>
              <th scope="col">State</th>
              <th scope="col" class="number">
                Files
              </th>
              <th scope="col" class="number">
                Read
              </th>
              <th scope="col" class="number">
                Failures
              </th>
              <th scope="col">Read by</th>
              {columns.map(({ head }) => (
                <th key={head} scope="col" class="number wide">
                  {head}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {facts.map(({ address, files, bytes: size, failures, readBy, seen }) => (
              <tr key={address}>
                <th scope="row">{printable(address)}</th>
                <td>
                  {seen === undefined ? (
                    ''
                  ) : (
                    <span class={`badge ${seen.state === 'up' ? 'good' : 'bad'}`}>{seen.state}</span>
                  )}
                  {seen?.note !== undefined && <span class="note"> {printable(seen.note)}</span>}
                </td>
                <td class="number">{count(files)}</td>
                <td class="number">{bytes(size)}</td>
                <td class={failures > 0 ? 'number bad' : 'number'}>{count(failures)}</td>
                <td>{readBy.map(({ by }) => printable(by)).join(', ')}</td>
                {columns.map(({ head, of, key, print }) => {
                  const value = seen && of(seen)?.[key]
                  return (
                    <td key={head} class="number wide">
                      {value === undefined ? '' : print(value)}
                    </td>
                  )
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {doubts.length > 0 && (
        <ul class="warnings" aria-label="May not have reached the cache">
          {doubts.map(({ reason, addresses }) => (
            <li key={reason}>{`${reason}: ${addresses.join(', ')}`}</li>
          ))}
        </ul>
      )}
    </section>
  )
}
