import type { MemoryDirectory, MemoryNode } from '@cachewarmer/walker/testing'
import { memoryTree } from '@cachewarmer/walker/testing'
import { below } from './seeded.ts'

/** A random tree and what a walk of it must find. */
export interface SimulatedTree {
  readonly root: MemoryDirectory
  /** Size by path, of the files that can be read. */
  readonly files: ReadonlyMap<string, number>
  /** Paths that nobody may read. */
  readonly denied: ReadonlySet<string>
  readonly directories: number
}

const mebibyte = 1024 * 1024

/** Names that ordinary trees do not have and real ones do. */
const oddNames = ['with space', 'line\nbreak', '"quoted"', '\udcff\udc80', 'größe', '*?[', '&lt;']

export function randomTree(random: () => number): SimulatedTree {
  const files = new Map<string, number>()
  const denied = new Set<string>()
  let directories = 0
  const withDenied = random() < 0.3

  const size = (): number => {
    const draw = random()
    if (draw < 0.05) return 0
    if (draw < 0.97) return below(random, 65_536)
    return draw < 0.995 ? below(random, 300) * mebibyte : below(random, 4_000) * mebibyte
  }
  const directory = (path: string, depth: number): MemoryDirectory => {
    directories += 1
    const literal: Record<string, number | MemoryNode> = {}
    const huge = random() < 0.04
    const count = huge ? 300 + below(random, 2_000) : below(random, 30)
    for (let at = 0; at < count; at += 1) {
      const name = random() < 0.02 ? `${oddNames[below(random, oddNames.length)]}-${at}` : `f${at}.exr`
      literal[name] = huge ? below(random, 4_096) : size()
      const full = path === '/' ? `/${name}` : `${path}/${name}`
      if (withDenied && random() < 0.01) denied.add(full)
      else files.set(full, literal[name] as number)
    }
    const below_ = depth === 0 ? 0 : below(random, 7)
    for (let at = 0; at < below_; at += 1)
      literal[`d${at}`] = directory(path === '/' ? `/d${at}` : `${path}/d${at}`, depth - 1)
    if (random() < 0.1) literal['fifo'] = { kind: 'other' }
    return memoryTree(literal)
  }
  const root = directory('/', 4)
  return { root, files, denied, directories }
}
