import { join, type SimDirectory, type SimExport } from './filer.ts'
import type { Filtered } from './filters.ts'
import type { Dice } from './seeded.ts'

/** A path of a list as `submitWithList` takes it. */
export interface ListEntry {
  readonly path: string
  readonly kind: 'file' | 'tree'
}

/** The wanted part of a tree: all of it, the files of a list, or first the list and then all. */
export interface Wanted {
  /** Undefined where the job has none. */
  readonly list: readonly ListEntry[] | undefined
  /** Most paths in a chunk of it. */
  readonly chunkPaths: number
  readonly walksAll: boolean
  /** Listed as files, and none: each is a failure by its name at each address. */
  readonly noFiles: ReadonlySet<string>
  /** Listed with all below them, and not there: each is one failure. */
  readonly noTrees: ReadonlySet<string>
  /** Largest number of times that a file or a directory is read and counted: once per time that it is named. */
  readonly times: (path: string) => number
  readonly directoryTimes: (path: string) => number
}

export const wantsAll: Wanted = {
  list: undefined,
  chunkPaths: 0,
  walksAll: true,
  noFiles: new Set(),
  noTrees: new Set(),
  times: () => 1,
  directoryTimes: () => 1,
}

/** All of a tree that filters let through. */
export const wantsFiltered = ({ file, directory }: Filtered): Wanted => ({
  ...wantsAll,
  times: (path) => (file(path) ? 1 : 0),
  directoryTimes: (path) => (directory(path) ? 1 : 0),
})

/** One seed in six has jobs over lists. Drawn apart from all else, so that a seed without lists is what it always was. */
export const listDiceOf = (seed: number, dice: (seed: number) => Dice): Dice | undefined => {
  const own = dice((seed ^ 0x6c69_7374) >>> 0)
  return own.chance(1 / 6) ? own : undefined
}

/** A list as people make it of a tree: some of its files, some directories with all below them, and what is not there. */
export function drawWanted(dice: Dice, of: SimExport): Wanted {
  const share = dice.pick([0.1, 0.5, 0.9, 1])
  const list: ListEntry[] = []
  const noFiles = new Set<string>()
  const noTrees = new Set<string>()
  const missing = (path: string): void => {
    noFiles.add(path)
    list.push({ path, kind: 'file' })
  }
  const denseMissing = dice.chance(0.3) ? 0.2 : 0.01
  for (const path of of.files.keys()) {
    if (dice.chance(share)) list.push({ path, kind: 'file' })
    if (dice.chance(denseMissing)) missing(`${path}.missing`)
  }
  for (const path of of.directories.keys()) {
    if (path === '/') continue
    if (dice.chance(0.1)) list.push({ path, kind: 'tree' })
    if (dice.chance(0.03)) missing(path)
  }
  if (dice.chance(0.3)) missing('/nowhere/at/all.exr')
  const [file] = of.files.keys()
  if (file !== undefined && dice.chance(0.2)) missing(`${file}/below`)
  if (list.length === 0 || dice.chance(0.2)) {
    noTrees.add('/no-such-tree')
    list.push({ path: '/no-such-tree', kind: 'tree' })
  }
  if (dice.chance(0.3)) shuffle(dice, list)
  const chunks = dice.pick([1, 4, 20, 120])
  return wanting(of, {
    list,
    chunkPaths: Math.ceil(list.length / chunks),
    walksAll: dice.chance(0.2),
    noFiles,
    noTrees,
  })
}

type Drawn = Pick<Wanted, 'chunkPaths' | 'walksAll' | 'noFiles' | 'noTrees'> & { readonly list: readonly ListEntry[] }

function wanting(of: SimExport, drawn: Drawn): Wanted {
  const files = new Set(drawn.list.filter(({ kind }) => kind === 'file').map(({ path }) => path))
  const trees = drawn.list
    .filter(({ kind, path }) => kind === 'tree' && of.directories.has(path))
    .map(({ path }) => path)
  const walks = (path: string): number =>
    trees.filter((tree) => path === tree || path.startsWith(`${tree}/`)).length + (drawn.walksAll ? 1 : 0)
  return {
    ...drawn,
    times: (path) => walks(path) + (files.has(path) && of.files.has(path) ? 1 : 0),
    directoryTimes: walks,
  }
}

function shuffle(dice: Dice, list: ListEntry[]): void {
  for (let last = list.length - 1; last > 0; last -= 1) {
    const other = dice.below(last + 1)
    const kept = list[last] as ListEntry
    list[last] = list[other] as ListEntry
    list[other] = kept
  }
}

/** Links, devices and the like, once for each time that their directory is listed. */
export function specialsIn(of: SimExport, wanted: Wanted): number {
  const count = (directory: SimDirectory, at: string): number =>
    directory.entries.reduce((sum, { name, node }) => {
      if (node.kind === 'directory') return sum + count(node, join(at, name))
      return node.kind === 'other' ? sum + wanted.directoryTimes(at) : sum
    }, 0)
  return count(of.root, '/')
}

/** Files and directories that filters leave out of directories that are listed. */
export function leftOutOf(of: SimExport, wanted: Wanted): number {
  const count = (directory: SimDirectory, at: string): number =>
    directory.entries.reduce((sum, { name, node }) => {
      const path = join(at, name)
      if (node.kind === 'file') return sum + (wanted.times(path) === 0 ? 1 : 0)
      if (node.kind === 'other') return sum
      return wanted.directoryTimes(path) === 0 ? sum + 1 : sum + count(node, path)
    }, 0)
  return count(of.root, '/')
}
