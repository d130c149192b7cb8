import 'uplot/dist/uPlot.min.css'
import './style.css'
import { render } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { plural, printable } from '../../index.ts'
import type { Overview, ReportData } from '../view.ts'
import { type ApiError, keepToken, usePolled } from './api.ts'
import { FleetFacts, WorkerTable } from './fleet.tsx'
import { ReportPage } from './report.tsx'
import { RunPage, RunTable } from './runs.tsx'

const everyMs = 1_000

/** What the manager is doing now. The address says which run is looked at, so that it can be sent to a colleague. */
export function Live() {
  const run = useRun()
  const { data, error, again } = usePolled<Overview>('/api/overview', everyMs)
  if (error?.status === 401) return <TokenForm again={again} error={error} />
  if (data === undefined)
    return <main class="alone">{error === undefined ? 'Loading …' : <Trouble error={error} />}</main>
  const { manager, fleet, runs, workers, nowMs } = data
  return (
    <>
      <header>
        <h1>
          <a href="#runs">CacheWarmer</a>
        </h1>
        <p>
          {printable(manager.prefix)}, {printable(manager.name)}
          {manager.leading ? '' : ', stands by: another manager leads'}
        </p>
      </header>
      {error !== undefined && <Trouble error={error} sinceMs={nowMs} />}
      <main>
        {run === undefined ? (
          <>
            <RunTable runs={runs} />
            <FleetFacts fleet={fleet} />
            <WorkerTable workers={workers} nowMs={nowMs} runs={runs} />
          </>
        ) : (
          <RunPage key={run} run={run} overview={data} />
        )}
      </main>
      <footer>
        {plural(runs.filter(({ state }) => state !== 'ended').length, 'run')} under way,{' '}
        {plural(workers.length, 'worker')} at work. <a href="/metrics">Metrics</a>
      </footer>
    </>
  )
}

function useRun(): string | undefined {
  const read = (): string | undefined => /^#run=([a-z0-9]+)$/.exec(location.hash)?.[1]
  const [run, setRun] = useState(read)
  useEffect(() => {
    const changed = (): void => {
      setRun(read())
      scrollTo(0, 0)
    }
    addEventListener('hashchange', changed)
    return () => removeEventListener('hashchange', changed)
  }, [])
  return run
}

function Trouble({ error, sinceMs }: { error: ApiError; sinceMs?: number }) {
  const since = sinceMs === undefined ? '' : ` This is what it said at ${new Date(sinceMs).toLocaleTimeString()}.`
  return (
    <p class="trouble" role="alert">
      {error.message}
      {since}
    </p>
  )
}

function TokenForm({ again, error }: { again: () => void; error: ApiError }) {
  const [tried, setTried] = useState(false)
  return (
    <main class="alone">
      <h1>CacheWarmer</h1>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          const token = new FormData(event.currentTarget).get('token')
          keepToken(typeof token === 'string' ? token.trim() : '')
          setTried(true)
          again()
        }}
      >
        <label>
          Token of this manager
          <input name="token" type="password" autocomplete="off" required />
        </label>
        <button type="submit">Show</button>
        {tried && <p role="alert">{error.message}</p>}
      </form>
    </main>
  )
}

/** One page, two uses: with a report in it it shows that, else it asks the manager that it came from. */
const root = document.getElementById('app')
const embedded = document.getElementById('report')
if (root !== null) {
  root.textContent = ''
  if (embedded === null) render(<Live />, root)
  else render(<ReportPage data={JSON.parse(embedded.textContent ?? '') as ReportData} />, root)
}
