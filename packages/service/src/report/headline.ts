import type { RunStatus } from '@cachewarmer/core'
import { readThrough, totalFailures } from './facts.ts'
import { count, leftOut, plural, printable } from './print.ts'

/** What became of the run, in a sentence or two. */
export function headline(status: RunStatus): string {
  const why = status.problem === undefined ? '' : `: ${printable(status.problem)}`
  if (status.ending) return `Ending: workers tell what they have read. ${filesSentence(status, 'So far, ')}`
  if (status.state !== 'ended') return `${stateWords[status.state]}${why}. ${filesSentence(status, 'So far, ')}`
  if (status.outcome === 'warmed') return `${doneWord(status)}. ${filesSentence(status, '')}`
  if (status.outcome === 'completed with failures') {
    return `Completed with ${plural(totalFailures(status), 'failure')}${why}. ${filesSentence(status, '')}`
  }
  if (status.outcome === 'nothing matched') return nothingMatched(status)
  if (status.outcome === 'refused') return `Refused${why}`
  return `${status.outcome === 'lost' ? 'Lost' : 'Cancelled'}${why}. ${filesSentence(status, 'Before that, ')}`
}

/** What was looked at, and what left everything out: a pattern, or a place that is empty. */
function nothingMatched({ job, progress: { counts } }: RunStatus): string {
  const left = leftOut(counts)
  const where = job === null ? '' : ` of ${printable(job.exportPath)}`
  const looked = `Nothing matched. ${plural(counts.directories, 'directory', 'directories')}${where} ${counts.directories === 1 ? 'was' : 'were'} looked at`
  if (left.length > 0) return `${looked}; left out: ${left.join(', ')}.`
  return `${looked}, without a single file: are the paths right, and is the export mounted?`
}

/** Only what was read is called warm. */
function doneWord({ job }: RunStatus): string {
  if (job?.mode === 'estimate') return 'Estimated'
  return job?.mode === 'metadata' ? 'Listed' : 'Warmed'
}

const stateWords = { running: 'Running', paused: 'Paused' } as const

/** Says through how many addresses a file was read: one that was read through some of them only is a failure. */
function filesSentence({ job, outcome, progress, unreported }: RunStatus, when: string): string {
  const more = unreported?.files ?? 0
  const files = progress.counts.files + more
  const { addresses, of } = readThrough({ job })
  const sentence = (text: string): string => (when === '' ? text : `${when}${text[0]?.toLowerCase()}${text.slice(1)}`)
  const least = more > 0 ? 'at least ' : ''
  if (job?.mode === 'estimate') return sentence(`${least}${plural(files, 'file')} found.`)
  if (job?.mode === 'metadata') {
    return sentence(
      `${least}${plural(files, 'file')} found through ${addresses} of ${plural(of, 'address', 'addresses')}, none read.`,
    )
  }
  if (files === 0) return sentence(outcome === 'warmed' ? 'There was no file to read.' : 'No file was read.')
  const through = `through ${addresses} of ${plural(of, 'address', 'addresses')}`
  if (more > 0)
    return sentence(
      `at least ${plural(files, 'file')} ${files === 1 ? 'was' : 'were'} read, ${files === 1 ? '' : 'each '}${through}.`,
    )
  if (files === 1) return sentence(`One file was read, ${through}.`)
  if (outcome === 'warmed') return sentence(`Each of ${count(files)} files was read ${through}.`)
  return sentence(`${count(files)} files were read, each ${through}.`)
}
