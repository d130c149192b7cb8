import { useState } from 'preact/hooks'
import { bytes, count, duration, printable, totalFailures } from '../../index.ts'
import type { FailureList, Overview, RunSummary, RunView } from '../view.ts'
import { ApiError, ask, usePolled } from './api.ts'
import { Failures } from './failures.tsx'
import { WorkerTable } from './fleet.tsx'
import { nameOf, roundedTime, Share, StateBadge } from './parts.tsx'
import { RunReport } from './report.tsx'
import { Steering } from './steering.tsx'

/** All known runs, running ones first. */
export function RunTable({ runs }: { runs: readonly RunSummary[] }) {
  if (runs.length === 0) return <p class="empty">No run yet. Jobs come from cachewarmer-submit.</p>
  return (
    <section aria-labelledby="runs">
      <h2 id="runs">Runs</h2>
      <div class="table">
        <table class="runs">
          <thead>
            <tr>
              <th scope="col">Job</th>
              <th scope="col">State</th>
              <th scope="col">Progress</th>
              <th scope="col" class="number">
                Files
              </th>
              <th scope="col" class="number wide">
                Size
              </th>
              <th scope="col" class="number wide">
                Files/s
              </th>
              <th scope="col" class="number wide">
                Rate
              </th>
              <th scope="col" class="number wide">
                Time
              </th>
              <th scope="col" class="number">
                Left
              </th>
              <th scope="col" class="number">
                Failures
              </th>
            </tr>
          </thead>
          <tbody>
            {runs.map((run) => (
              <RunRow key={run.run} run={run} />
            ))}
          </tbody>
        </table>
      </div>
    </section>
  )
}

function RunRow({ run }: { run: RunSummary }) {
  const { ratesPerSecond, failures, timeLeftMs, state } = run
  const ended = state === 'ended'
  return (
    <tr>
      <th scope="row">
        <a href={`#run=${run.run}`}>{nameOf(run)}</a>
        <span class="place wide">{printable(run.place)}</span>
      </th>
      <td>
        <StateBadge state={state} outcome={run.outcome} />
      </td>
      <td>
        <Share share={run.outcome === 'warmed' ? 1 : run.share} ended={ended} label={`Progress of ${nameOf(run)}`} />
      </td>
      <td class="number" data-name="files">
        {count(run.files)}
      </td>
      <td class="number wide">{bytes(run.bytes)}</td>
      <td class="number wide">{ended ? '' : count(ratesPerSecond.files)}</td>
      <td class="number wide">{ended ? '' : `${bytes(ratesPerSecond.bytes)}/s`}</td>
      <td class="number wide">{duration(run.elapsedMs)}</td>
      <td class="number" data-name="left">
        {ended || timeLeftMs === undefined ? '' : duration(roundedTime(timeLeftMs))}
      </td>
      <td class={failures > 0 ? 'number bad' : 'number'} data-name="failures">
        {count(failures)}
      </td>
    </tr>
  )
}

const everyMs = 1_000
/** The list may be long: it is asked for again less often than figures are. */
const failuresEveryMs = 10_000

/** One run: its report so far, its failures, its workers. */
export function RunPage({ run, overview }: { run: string; overview: Overview }) {
  const { data, error, again } = usePolled<RunView>(`/api/runs/${run}`, everyMs)
  const failed = data !== undefined && totalFailures(data.status) > 0
  const failures = usePolled<FailureList>(failed ? `/api/runs/${run}/failures` : undefined, failuresEveryMs)
  const back = (
    <nav>
      <a href="#runs">All runs</a>
    </nav>
  )
  if (data === undefined)
    return (
      <>
        {back}
        <p role="status">{error?.message ?? 'Loading …'}</p>
      </>
    )
  const { status, timeline } = data
  const workers = overview.workers.filter(({ work }) => work.some((piece) => piece.run === run))
  return (
    <>
      {back}
      <RunReport status={status} timeline={timeline} />
      {overview.manager.steering && status.state !== 'ended' && <Steering status={status} again={again} />}
      <SaveReport run={run} />
      <Failures status={status} listed={failures.data?.failures} />
      <WorkerTable workers={workers} runs={overview.runs} nowMs={overview.nowMs} />
    </>
  )
}

/** By hand, because a link could not carry the token. */
function SaveReport({ run }: { run: string }) {
  const [said, setSaid] = useState('')
  const save = async (): Promise<void> => {
    try {
      const url = URL.createObjectURL(await (await ask(`/api/runs/${run}/report.html`)).blob())
      const link = Object.assign(document.createElement('a'), { href: url, download: `warm-up-${run}.html` })
      link.click()
      setTimeout(() => URL.revokeObjectURL(url), 10_000)
      setSaid('Saved as a file that needs nothing else.')
    } catch (error) {
      setSaid(error instanceof ApiError ? error.message : 'It could not be saved.')
    }
  }
  return (
    <p class="tools">
      <button type="button" onClick={() => void save()}>
        Save the report
      </button>
      <span role="status">{said}</span>
    </p>
  )
}
