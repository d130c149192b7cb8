import type { RunStatus } from '@cachewarmer/core'
import { readThrough, totalFailures } from './facts.ts'
import { printable } from './printable.ts'
import { count, plural } from './units.ts'

/** What became of the run, in a sentence or two. */
export function headline(status: RunStatus): string {
  const why = status.problem === undefined ? '' : `: ${printable(status.problem)}`
  if (status.state !== 'ended') return `${stateWords[status.state]}${why}. ${filesSentence(status, 'so far')}`
  if (status.outcome === 'warmed') return `Warmed. ${filesSentence(status, '')}`
  if (status.outcome === 'completed with failures') {
    return `Completed with ${plural(totalFailures(status), 'failure')}${why}. ${filesSentence(status, '')}`
  }
  if (status.outcome === 'refused') return `Refused${why}`
  return `${status.outcome === 'lost' ? 'Lost' : 'Cancelled'}${why}. ${filesSentence(status, 'before that')}`
}

const stateWords = { starting: 'Starting', running: 'Running', paused: 'Paused' } as const

/** Says through how many addresses a file was read: one that was read through some of them only is a failure. */
function filesSentence(status: RunStatus, when: string): string {
  const { files } = status.progress.counts
  const { addresses, of } = readThrough(status)
  const tail = when === '' ? '.' : ` ${when}.`
  if (status.job !== null && status.job.mode !== 'data') return `${plural(files, 'file')} found, none read${tail}`
  if (files === 0) return `No file was read${tail}`
  const through = `through ${addresses} of ${of} ${of === 1 ? 'address' : 'addresses'}`
  if (status.outcome === 'warmed') {
    return files === 1 ? `The one file was read ${through}.` : `Each of ${count(files)} files was read ${through}.`
  }
  return `${plural(files, 'file')} ${files === 1 ? 'was' : 'were'} read, ${files === 1 ? '' : 'each '}${through}${tail}`
}
