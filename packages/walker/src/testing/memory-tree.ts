/*
 * Trees that need no memory: a directory's entries are worked out when they are asked for, so that a tree may be huge,
 * deep, or without end.
 */
export type MemoryNode = MemoryFile | MemoryDirectory | MemoryLink | MemoryOther

export interface MemoryFile {
  readonly kind: 'file'
  readonly size: number
  readonly modifiedMs?: number | undefined
  /** Bytes from its beginning that a read gives; its size may say more. Default: all. */
  readonly gives?: number | undefined
  /** Where no more can be had, that is called the end. A server's business; to a mount it is all the same. Default false. */
  readonly claimsEnd?: boolean | undefined
  /** Bytes that a request brings at most. A server's business as well. Default: as many as it likes. */
  readonly perRequest?: number | undefined
}

export interface MemoryDirectory {
  readonly kind: 'directory'
  /** The names and what they are, in the order of the directory; asked anew for every listing. */
  entries(): Iterable<readonly [name: string, node: MemoryNode]>
  /** One name, where that is faster than going through `entries()`. */
  entry?(name: string): MemoryNode | undefined
}

export interface MemoryLink {
  readonly kind: 'symlink'
  readonly to: string
}

/** A device, FIFO or socket. */
export interface MemoryOther {
  readonly kind: 'other'
}

/** A tree as one writes it down: numbers are files of that size, objects directories, strings symbolic links. */
export interface TreeLiteral {
  readonly [name: string]: number | string | TreeLiteral | MemoryNode
}

const isNode = (value: TreeLiteral | MemoryNode): value is MemoryNode =>
  typeof value['kind'] === 'string' && ['file', 'directory', 'symlink', 'other'].includes(value['kind'])

/** Makes nodes of a literal: `memoryTree({ a: { 'x.jpg': 1024 }, link: '/a', fifo: { kind: 'other' } })`. */
export function memoryTree(literal: TreeLiteral): MemoryDirectory {
  const nodes = new Map<string, MemoryNode>()
  for (const [name, value] of Object.entries(literal)) {
    if (typeof value === 'number') nodes.set(name, { kind: 'file', size: value })
    else if (typeof value === 'string') nodes.set(name, { kind: 'symlink', to: value })
    else nodes.set(name, isNode(value) ? value : memoryTree(value))
  }
  return { kind: 'directory', entries: () => nodes, entry: (name) => nodes.get(name) }
}

/** A directory of `count` files or directories called `${prefix}0`, `${prefix}1` and so on; Infinity never ends. */
export function manyEntries(count: number, node: (index: number) => MemoryNode, prefix = 'f'): MemoryDirectory {
  return {
    kind: 'directory',
    *entries(): Generator<[string, MemoryNode]> {
      for (let index = 0; index < count; index++) yield [prefix + index, node(index)]
    },
    entry(name: string): MemoryNode | undefined {
      const index = name.startsWith(prefix) ? Number(name.slice(prefix.length)) : Number.NaN
      return Number.isInteger(index) && index >= 0 && index < count && name === prefix + index ? node(index) : undefined
    },
  }
}
