import type { Outcome, RunState } from '@cachewarmer/core'
import type { ComponentChildren } from 'preact'
import { printable } from '../../index.ts'
import type { RunSummary } from '../view.ts'

export function StateBadge({ state, outcome }: { state: RunState; outcome?: Outcome | undefined }) {
  const word = outcome ?? state
  const mood = outcome === undefined ? state : outcome === 'warmed' ? 'good' : 'bad'
  return <span class={`badge ${mood}`}>{word}</span>
}

/** A bar of how much is done; one that moves while it is unknown. */
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

export const nameOf = ({ label, jobMessageId }: Pick<RunSummary, 'label' | 'jobMessageId'>): string =>
  printable(label ?? jobMessageId)

/** An estimate is not precise to the tenth of a second. */
export const roundedTime = (ms: number): number => Math.max(1_000, Math.round(ms / 1_000) * 1_000)
