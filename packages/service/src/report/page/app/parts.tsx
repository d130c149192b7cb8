import type { Outcome, RunState } from '@cachewarmer/core'
import type { ComponentChildren } from 'preact'

export function StateBadge({ state, outcome }: { state: RunState; outcome?: Outcome | undefined }) {
  const word = outcome ?? state
  const mood = outcome === undefined ? state : outcome === 'warmed' ? 'good' : 'bad'
  return <span class={`badge ${mood}`}>{word}</span>
}

/** A bar of how much is done; one that moves while nobody can tell. */
export function Share({ share, ended, label }: { share: number | undefined; ended: boolean; label: string }) {
  if (share === undefined && ended) return <span class="share" />
  const percent = share === undefined ? undefined : Math.floor(share * 100)
  return (
    <span class="share">
      <progress max={100} value={percent} aria-label={label} />
      <span class="percent">{percent === undefined ? 'counting' : `${percent} %`}</span>
    </span>
  )
}

/** Words and values, side by side. */
export function Facts({ rows }: { rows: readonly (readonly [name: string, value: ComponentChildren])[] }) {
  return (
    <dl class="facts">
      {rows.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  )
}
