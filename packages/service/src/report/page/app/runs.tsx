import { bytes, count, duration, printable } from '../../index.ts'
import type { RunSummary } from '../view.ts'
import { Share, StateBadge } from './parts.tsx'

export const nameOf = ({ label, jobMessageId }: Pick<RunSummary, 'label' | 'jobMessageId'>): string =>
  printable(label ?? jobMessageId)

/** All runs that are known, those that go on first. */
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

/** Nobody can tell to the tenth of a second. */
export const roundedTime = (ms: number): number => Math.max(1_000, Math.round(ms / 1_000) * 1_000)
