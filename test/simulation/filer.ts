import type { WalkErrorCode } from '@cachewarmer/walker'
import type { Spell } from './scenario.ts'
import { within } from './scenario.ts'
import type { Dice } from './seeded.ts'
import type { SimClock } from './sim-clock.ts'

/** Something in a simulated tree. `changed`: it was not there, or not like this, all the time. */
export type SimNode = SimFile | SimDirectory | { readonly kind: 'other'; changed: boolean; gone: boolean }

export interface SimFile {
  readonly kind: 'file'
  size: number
  modifiedMs?: number
  changed: boolean
  gone: boolean
}

/** Entries keep their place when others go, as the cookies of a filer do. */
export interface SimDirectory {
  readonly kind: 'directory'
  readonly entries: { readonly name: string; readonly node: SimNode }[]
  readonly byName: Map<string, SimNode>
  changed: boolean
  gone: boolean
}

/** One export, and everything that was ever in it. */
export interface SimExport {
  readonly path: string
  readonly root: SimDirectory
  /** By path, the newest of its name. */
  readonly files: Map<string, SimFile>
  readonly directories: Map<string, SimDirectory>
  /** Paths without read permission. */
  readonly denied: ReadonlySet<string>
  /** Why a file cannot be read through one address, where it can be through others. */
  refused?: (path: string, address: string) => WalkErrorCode | undefined
  specials: number
}

/** Names that ordinary trees do not have and real ones do. */
const oddNames = ['with space', 'line\nbreak', '"quoted"', '\udcff\udc80', 'größe', '*?[', '&lt;']
const mebibyte = 1024 * 1024

const newDirectory = (changed = false): SimDirectory => ({
  kind: 'directory',
  entries: [],
  byName: new Map(),
  changed,
  gone: false,
})

function addEntry(directory: SimDirectory, name: string, node: SimNode): void {
  directory.entries.push({ name, node })
  directory.byName.set(name, node)
}

export const join = (directory: string, name: string): string =>
  directory === '/' ? `/${name}` : `${directory}/${name}`

/** A random tree of about `60 * scale` files, with a huge directory now and then. */
export function randomExport(dice: Dice, path: string, given: { scale: number; denied: boolean }): SimExport {
  const denied = new Set<string>()
  const made: SimExport = { path, root: newDirectory(), files: new Map(), directories: new Map(), denied, specials: 0 }
  const hasLarge = dice.chance(0.15)
  const size = (): number => {
    if (dice.chance(0.05)) return 0
    if (!hasLarge || dice.chance(0.97)) return dice.below(65_536)
    return dice.below(dice.chance(0.8) ? 300 : 4_000) * mebibyte
  }
  const fill = (directory: SimDirectory, at: string, depth: number): void => {
    made.directories.set(at, directory)
    const huge = dice.chance(0.06)
    const count = Math.floor(given.scale * (huge ? 60 + dice.below(200) : dice.below(14)))
    for (let n = 0; n < count; n += 1) {
      const name = dice.chance(0.02) ? `${dice.pick(oddNames)}-${n}` : `f${n}.exr`
      const file: SimFile = { kind: 'file', size: size(), changed: false, gone: false }
      addEntry(directory, name, file)
      made.files.set(join(at, name), file)
      if (given.denied && dice.chance(0.02)) denied.add(join(at, name))
    }
    const inner = depth === 0 ? 0 : dice.below(5)
    for (let n = 0; n < inner; n += 1) {
      const child = newDirectory()
      addEntry(directory, `d${n}`, child)
      fill(child, join(at, `d${n}`), depth - 1)
    }
    if (dice.chance(0.1)) {
      addEntry(directory, 'fifo', { kind: 'other', changed: false, gone: false })
      made.specials += 1
    }
  }
  fill(made.root, '/', 3)
  return made
}

/** The filer: exports behind addresses, which may be away for a while. */
export class Filer {
  readonly exports = new Map<string, SimExport>()
  /** When an address does not answer. */
  readonly away = new Map<string, Spell[]>()
  readonly #sim: SimClock

  constructor(sim: SimClock) {
    this.#sim = sim
  }

  isAway(address: string): boolean {
    const spells = this.away.get(address)
    return spells !== undefined && within(spells, this.#sim.elapsedMs)
  }
}

/**
 * Makes one change to a tree: a file or directory comes or goes, or a file becomes another size. Returns what it did.
 */
export function changeTree(dice: Dice, of: SimExport): string {
  const [at, directory] = dice.pick([...of.directories].filter(([, one]) => !one.gone))
  const draw = dice.next()
  if (draw < 0.35) {
    const name = `new${directory.entries.length}`
    const file: SimFile = { kind: 'file', size: dice.below(65_536), changed: true, gone: false }
    addEntry(directory, name, file)
    of.files.set(join(at, name), file)
    return 'file made'
  }
  if (draw < 0.5) {
    const name = `newdir${directory.entries.length}`
    const child = newDirectory(true)
    addEntry(directory, name, child)
    of.directories.set(join(at, name), child)
    return 'directory made'
  }
  const entry = directory.entries.length === 0 ? undefined : dice.pick(directory.entries)
  if (entry === undefined || entry.node.gone) return 'nothing'
  if (entry.node.kind === 'file' && draw < 0.75) {
    entry.node.size = dice.below(131_072)
    entry.node.changed = true
    return 'file changed'
  }
  removeNode(entry.node)
  directory.byName.delete(entry.name)
  return `${entry.node.kind} removed`
}

function removeNode(node: SimNode): void {
  node.gone = true
  node.changed = true
  if (node.kind === 'directory') for (const { node: inner } of node.entries) removeNode(inner)
}
