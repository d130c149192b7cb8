import { type Counts, LEFT_OUT_RULES, type LeftOutRule, SNAPSHOT_DIRECTORIES } from '@cachewarmer/core'
import { count, plural } from './units.ts'

const words: Record<LeftOutRule, string> = {
  excludeDirectories: 'by directories to exclude',
  exclude: 'by patterns to exclude',
  include: 'by patterns to include',
  ignoreRules: 'by the rules file',
  expressions: 'by expressions and directory rules',
  size: 'by size',
  modifiedSince: 'unchanged since then',
}

/** What a run left out, and by which of the job's filters; empty where nothing was. */
export function leftOut({ entriesSkipped, specialSkipped, leftOut: byRule = {} }: Counts): string[] {
  const by = (rule: string): number => (Object.hasOwn(byRule, rule) ? (byRule[rule] ?? 0) : 0)
  const snapshots = SNAPSHOT_DIRECTORIES.filter((name) => by(name) > 0)
  const known = LEFT_OUT_RULES.filter((rule) => by(rule) > 0)
  const told = [...snapshots, ...known].reduce((sum, rule) => sum + by(rule), 0)
  return [
    ...snapshots.map((name) => plural(by(name), `${name} directory`, `${name} directories`)),
    ...known.map((rule) => `${count(by(rule))} ${words[rule]}`),
    ...(entriesSkipped > told ? [`${count(entriesSkipped - told)} by filters`] : []),
    ...(specialSkipped > 0 ? [plural(specialSkipped, 'link or special file', 'links and special files')] : []),
  ]
}
