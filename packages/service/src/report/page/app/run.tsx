import { useState } from 'preact/hooks'
import { totalFailures } from '../../index.ts'
import type { FailureList, Overview, RunView } from '../view.ts'
import { ApiError, ask } from './api.ts'
import { Failures } from './failures.tsx'
import { usePolled } from './polled.ts'
import { RunReport } from './report.tsx'
import { Steering } from './steering.tsx'
import { WorkerTable } from './workers.tsx'

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
