import type { RunStatus } from '@cachewarmer/core'
import { useState } from 'preact/hooks'
import { ApiError, ask } from './api.ts'

const ceilings = [
  ['maxBytesPerSecond', 'Bytes a second at most'],
  ['maxRequestsPerSecond', 'Requests a second at most'],
  ['maxWorkers', 'Workers at most'],
] as const

/** Pause, resume, cancel, and what the run may use. An empty field lifts a ceiling. */
export function Steering({ status, again }: { status: RunStatus; again: () => void }) {
  const [said, setSaid] = useState('')
  const send = async (wish: object, done: string): Promise<void> => {
    try {
      await ask(`/api/runs/${status.run}/control`, { body: wish })
      setSaid(done)
      again()
    } catch (error) {
      setSaid(error instanceof ApiError ? error.message : String(error))
    }
  }
  const change = (form: HTMLFormElement): void => {
    const given = new FormData(form)
    const field = (name: string): number | null => (given.get(name) === '' ? null : Number(given.get(name)))
    void send(
      {
        command: 'change',
        weight: field('weight') ?? status.weight,
        ceilings: Object.fromEntries(ceilings.map(([name]) => [name, field(name)])),
      },
      'Changed; workers follow within seconds.',
    )
  }
  const paused = status.state === 'paused'
  return (
    <section aria-labelledby="steering">
      <h2 id="steering">Steer</h2>
      <form
        class="steer"
        onSubmit={(event) => {
          event.preventDefault()
          change(event.currentTarget)
        }}
      >
        <label>
          Weight, 1 to 100
          <input name="weight" type="number" min={1} max={100} required defaultValue={String(status.weight)} />
        </label>
        {ceilings.map(([name, words]) => (
          <label key={name}>
            {words}
            <input
              name={name}
              type="number"
              min={1}
              step={1}
              defaultValue={String(status.ceilings[name] ?? '')}
              placeholder="no ceiling"
            />
          </label>
        ))}
        <button type="submit">Change</button>
        <button
          type="button"
          onClick={() =>
            void send({ command: paused ? 'resume' : 'pause' }, paused ? 'Goes on.' : 'Rests within seconds.')
          }
        >
          {paused ? 'Resume' : 'Pause'}
        </button>
        <button
          type="button"
          class="danger"
          onClick={() => {
            if (confirm('End this run? What was read stays warm.'))
              void send({ command: 'cancel' }, 'Ends within ten seconds.')
          }}
        >
          Cancel
        </button>
        <span role="status">{said}</span>
      </form>
    </section>
  )
}
