import { execFileSync } from 'node:child_process'
import { options } from './options.ts'

/*
 * Holds the subjects of commits to `area: imperative`, such as "walker: fail reads without progress".
 *
 *   npm run commits -- [BASE..HEAD]      default: what is not on main yet
 */

const maxLength = 100
/** Words that look like another form of a verb and are the imperative. */
const imperatives = new Set([
  'address',
  'bring',
  'embed',
  'feed',
  'focus',
  'need',
  'pass',
  'process',
  'seed',
  'speed',
  'string',
])

/** What is wrong with a commit's subject; undefined where nothing is. */
export function subjectProblem(subject: string): string | undefined {
  if (/^Revert "|^Version Packages$/.test(subject)) return undefined
  const [, verb] = /^[a-z][\w./-]*(?:, [a-z][\w./-]*)*: ([a-z][\w-]*)\b/.exec(subject) ?? []
  if (verb === undefined) return 'expected "area: imperative", both in lower case'
  if (/(?:ed|ing|[^s]s)$/.test(verb) && !imperatives.has(verb)) return `"${verb}" is no imperative`
  if (subject.endsWith('.')) return 'ends with a full stop'
  return subject.length > maxLength ? `has ${subject.length} characters, at most ${maxLength}` : undefined
}

if (import.meta.main) {
  const [range = 'main..HEAD'] = options('commits', { allowPositionals: true }).positionals
  const git = ['log', '--no-merges', '--format=%h %s', '--end-of-options', range]
  const commits = execFileSync('git', git, { encoding: 'utf8' }).split('\n').filter(Boolean)
  for (const commit of commits) {
    const [, hash = '', subject = ''] = /^(\S+) (.*)/.exec(commit) ?? []
    const problem = subjectProblem(subject)
    if (problem === undefined) continue
    console.error(`${hash} "${subject}": ${problem}`)
    process.exitCode = 1
  }
}
