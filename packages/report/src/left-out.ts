import { type Counts, LEFT_OUT_RULES, type LeftOutRule } from '@cachewarmer/core'
import { count, plural } from './units.ts'

const words: Record<LeftOutRule, string> = {
  snapshots: 'as snapshots',
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
  const known = LEFT_OUT_RULES.filter((rule) => (byRule[rule] ?? 0) > 0)
  const told = known.reduce((sum, rule) => sum + (byRule[rule] ?? 0), 0)
  return [
    ...known.map((rule) => `${count(byRule[rule] ?? 0)} ${words[rule]}`),
    ...(entriesSkipped > told ? [`${count(entriesSkipped - told)} by filters`] : []),
    ...(specialSkipped > 0 ? [plural(specialSkipped, 'link or special file', 'links and special files')] : []),
  ]
}
