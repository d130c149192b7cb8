import type { TreeDirectory, TreeNode } from './tree.ts'

/*
 * The server's file handles are the way from the root as indexes, so it needs no table of them, however large the tree:
 * four bytes of generation, then each index in groups of seven bits.
 */

const maxBytes = 64

/** The handle of the object at the end of these indexes. Throws `RangeError` where the tree is too deep for 64 bytes. */
export function encodeTreeHandle(generation: number, indexes: readonly number[]): string {
  const bytes = [generation >>> 24, (generation >>> 16) & 0xff, (generation >>> 8) & 0xff, generation & 0xff]
  for (const index of indexes) {
    let rest = index
    for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128)
    bytes.push(rest)
  }
  if (bytes.length > maxBytes) throw new RangeError('the tree is too deep for its handles')
  return String.fromCharCode(...bytes)
}

export interface TreePlace {
  readonly node: TreeNode
  /** The way that its handle says. */
  readonly indexes: readonly number[]
  /** The way that its number is made of, where that is another. */
  readonly numbered?: readonly number[] | undefined
}

/** The directory's entry at an index. */
export function childAt(root: TreeDirectory, { node, indexes, numbered }: TreePlace, index: number): TreePlace {
  const way = [...indexes, index]
  const found = (node as TreeDirectory).at(index).node
  if (found.type !== 'up') return { node: found, indexes: way, numbered: numbered && [...numbered, index] }
  const canonical = indexes.slice(0, indexes.length + 1 - found.levels)
  const target = nodeAt(root, canonical)
  if (found.same === 'both') return { node: target, indexes: canonical }
  return found.same === 'handle'
    ? { node: target, indexes: canonical, numbered: way }
    : { node: target, indexes: way, numbered: canonical }
}

function nodeAt(root: TreeDirectory, indexes: readonly number[]): TreeNode {
  let place: TreePlace = { node: root, indexes: [] }
  for (const index of indexes) place = childAt(root, place, index)
  return place.node
}

/** What a handle means: `STALE` of another generation, `BADHANDLE` when it leads nowhere. */
export function decodeTreeHandle(
  root: TreeDirectory,
  generation: number,
  handle: string,
): TreePlace | 'STALE' | 'BADHANDLE' {
  const bytes = Buffer.from(handle, 'latin1')
  if (bytes.length < 4) return 'BADHANDLE'
  if (bytes.readUInt32BE(0) !== generation) return 'STALE'
  const way: number[] = []
  let place: TreePlace = { node: root, indexes: [] }
  for (let at = 4; at < bytes.length; ) {
    let index = 0
    for (let unit = 1; ; unit *= 128) {
      const byte = bytes[at++]
      if (byte === undefined) return 'BADHANDLE'
      index += (byte & 127) * unit
      if (byte < 128) break
    }
    if (place.node.type !== 'directory' || index >= place.node.count) return 'BADHANDLE'
    way.push(index)
    place = childAt(root, place, index)
  }
  // What it was opened by stays its handle.
  return { ...place, indexes: way }
}

/** A number for an object that stays the same (FNV-1a over the way to it). */
export function fileidOf(indexes: readonly number[]): bigint {
  let hash = 0xcbf2_9ce4_8422_2325n
  for (const index of indexes) hash = BigInt.asUintN(64, (hash ^ BigInt(index + 1)) * 0x100_0000_01b3n)
  return hash
}
