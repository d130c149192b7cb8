import type { Job } from '@cachewarmer/core'
import type { SimExport } from './filer.ts'
import type { Dice } from './seeded.ts'

/** A filter as a job has it, and the same said without the code that is tested. */
interface Rule {
  readonly asked: Partial<Job>
  readonly file?: (of: { path: string; name: string; size: number; modifiedMs: number }) => boolean
  readonly directory?: (path: string, name: string) => boolean
}

const sinceMs = Date.UTC(2025, 0, 1)

const byName: readonly Rule[] = [
  { asked: { include: ['*.exr'] }, file: ({ name }) => name.endsWith('.exr') },
  {
    asked: { include: ['f*0.exr', '/d0/**'] },
    file: ({ path, name }) => /^f.*0\.exr$/.test(name) || path.startsWith('/d0/'),
  },
  { asked: { exclude: ['f1*'] }, file: ({ name }) => !name.startsWith('f1') },
  { asked: { exclude: ['/d1/**'] }, file: ({ path }) => !path.startsWith('/d1/') },
  { asked: { excludeDirectories: ['d1'] }, directory: (_, name) => name !== 'd1' },
  { asked: { excludeDirectories: ['/d0/d0'] }, directory: (path) => path !== '/d0/d0' },
  {
    asked: { ignoreRules: ['f2*', '!f20.exr', '/d2/'] },
    file: ({ name }) => !name.startsWith('f2') || name === 'f20.exr',
    directory: (path) => path !== '/d2',
  },
  { asked: { includeExpressions: ['^f[0-9]*[02468]\\.exr$'] }, file: ({ name }) => /^f[0-9]*[02468]\.exr$/.test(name) },
  { asked: { excludeExpressions: ['[37]\\.exr$'] }, file: ({ name }) => !/[37]\.exr$/.test(name) },
]

/** The answer of these filters changes with the file. */
const byAttributes: readonly Rule[] = [
  { asked: { minFileSizeBytes: 20_000 }, file: ({ size }) => size >= 20_000 },
  { asked: { maxFileSizeBytes: 40_000 }, file: ({ size }) => size <= 40_000 },
  { asked: { modifiedSince: new Date(sinceMs).toISOString() }, file: ({ modifiedMs }) => modifiedMs >= sinceMs },
]

/** Whether a job's filters let a file through, by path. */
export interface Filtered {
  readonly asked: Partial<Job>
  readonly file: (path: string) => boolean
  /** Listed: it is let through, and so is every directory above it. */
  readonly directory: (path: string) => boolean
}

export function drawFilters(dice: Dice, of: SimExport, changes: boolean): Filtered {
  const rules = [dice.pick(changes ? byName : [...byName, ...byAttributes])]
  if (dice.chance(0.3)) rules.push(dice.pick(byName.filter((rule) => !sharesKey(rule, rules[0] as Rule))))
  for (const file of of.files.values()) file.modifiedMs = dice.chance(0.5) ? sinceMs - 1_000 : sinceMs
  const entered = new Map<string, boolean>([['/', true]])
  const directory = (path: string): boolean => {
    const known = entered.get(path)
    if (known !== undefined) return known
    const cut = path.lastIndexOf('/')
    const name = path.slice(cut + 1)
    const is =
      directory(cut === 0 ? '/' : path.slice(0, cut)) && rules.every((rule) => rule.directory?.(path, name) ?? true)
    entered.set(path, is)
    return is
  }
  const file = (path: string): boolean => {
    const cut = path.lastIndexOf('/')
    if (!directory(cut === 0 ? '/' : path.slice(0, cut))) return false
    const { size = 0, modifiedMs = 0 } = of.files.get(path) ?? {}
    const known = { path, name: path.slice(cut + 1), size, modifiedMs }
    return rules.every((rule) => rule.file?.(known) ?? true)
  }
  return { asked: Object.assign({}, ...rules.map(({ asked }) => asked)) as Partial<Job>, file, directory }
}

const sharesKey = (a: Rule, b: Rule): boolean => Object.keys(a.asked).some((key) => key in b.asked)
