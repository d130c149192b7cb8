import type { Failure, RunStatus } from '@cachewarmer/core'
import { useState } from 'preact/hooks'
import { count, failuresByCode, plural, printable, totalFailures } from '../../index.ts'

const atOnce = 100

interface FailuresProps {
  readonly status: RunStatus
  /** Those that can be listed; undefined while they are on their way. */
  readonly listed: readonly Failure[] | undefined
}

/** Failures by cause, with their paths; a page of rows at a time. */
export function Failures({ status, listed }: FailuresProps) {
  const [code, setCode] = useState('')
  const [sought, setSought] = useState('')
  const [room, setRoom] = useState(atOnce)
  const total = totalFailures(status)
  if (total === 0) return null
  const causes = failuresByCode(status)
  const found = (listed ?? []).filter(
    (failure) =>
      (code === '' || failure.code === code) && (sought === '' || textOf(failure).includes(sought.toLowerCase())),
  )
  const shown = found.slice(0, room)
  const choose = (next: string): void => {
    setCode(next)
    setRoom(atOnce)
  }
  return (
    <section aria-labelledby="failures">
      <h2 id="failures">Failures</h2>
      <fieldset class="causes">
        <legend>By cause</legend>
        {[['', total] as const, ...causes].map(([cause, number]) => (
          <label key={cause}>
            <input type="radio" name="cause" checked={code === cause} onChange={() => choose(cause)} />
            {cause === '' ? 'all' : cause} <span class="dim">{count(number)}</span>
          </label>
        ))}
      </fieldset>
      <div class="tools">
        <label>
          Find in paths, addresses and messages
          <input
            type="search"
            value={sought}
            onInput={(event) => {
              setSought(event.currentTarget.value)
              setRoom(atOnce)
            }}
          />
        </label>
        <span role="status">{summary(listed, found.length, total)}</span>
      </div>
      {shown.length > 0 && (
        <div class="table">
          <table class="failures">
            <thead>
              <tr>
                <th scope="col">Path</th>
                <th scope="col">Address</th>
                <th scope="col">Cause</th>
                <th scope="col" class="wide">
                  Message
                </th>
              </tr>
            </thead>
            <tbody>
              {shown.map((failure, at) => (
                <tr key={at}>
                  <th scope="row" class="path">
                    {printable(failure.path)}
                  </th>
                  <td>{printable(failure.address ?? '')}</td>
                  <td>{failure.code}</td>
                  <td class="wide">{printable(failure.message ?? '')}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {shown.length < found.length && (
        <button type="button" onClick={() => setRoom(room + atOnce * 5)}>
          Show {count(Math.min(atOnce * 5, found.length - shown.length))} more of {count(found.length - shown.length)}
        </button>
      )}
    </section>
  )
}

function summary(listed: readonly Failure[] | undefined, found: number, total: number): string {
  if (listed === undefined) return 'Loading …'
  const rest = listed.length < total ? ` ${count(listed.length)} of ${count(total)} are listed here.` : ''
  return `${plural(found, 'failure')}.${rest}`
}

const textOf = ({ path, address, message }: Failure): string =>
  `${printable(path)} ${address ?? ''} ${message ?? ''}`.toLowerCase()
