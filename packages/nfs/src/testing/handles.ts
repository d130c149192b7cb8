import type { TreeDirectory, TreeNode } from './tree.ts'

/*
 * The server's file handles are the way from the root as indexes, so it needs no table of them, however large the tree:
 * four bytes of generation, then each index in groups of seven bits.
 */

const MAX_BYTES = 64

/** The handle of the object at the end of these indexes. Throws `RangeError` where the tree is too deep for 64 bytes. */
export function encodeTreeHandle(generation: number, indexes: readonly number[]): string {
  const bytes = [generation >>> 24, (generation >>> 16) & 0xff, (generation >>> 8) & 0xff, generation & 0xff]
  for (const index of indexes) {
    let rest = index
    for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128)
    bytes.push(rest)
  }
  if (bytes.length > MAX_BYTES) throw new RangeError('the tree is too deep for its handles')
  return String.fromCharCode(...bytes)
}

export interface TreePlace {
  readonly node: TreeNode
  readonly indexes: readonly number[]
}

/** What a handle means: `STALE` of another generation, `BADHANDLE` when it leads nowhere. */
export function decodeTreeHandle(
  root: TreeNode,
  generation: number,
  handle: string,
): TreePlace | 'STALE' | 'BADHANDLE' {
  const bytes = Buffer.from(handle, 'latin1')
  if (bytes.length < 4) return 'BADHANDLE'
  if (bytes.readUInt32BE(0) !== generation) return 'STALE'
  const indexes: number[] = []
  let node = root
  for (let at = 4; at < bytes.length; ) {
    let index = 0
    for (let unit = 1; ; unit *= 128) {
      const byte = bytes[at++]
      if (byte === undefined) return 'BADHANDLE'
      index += (byte & 127) * unit
      if (byte < 128) break
    }
    if (node.type !== 'directory' || index >= node.count) return 'BADHANDLE'
    node = (node as TreeDirectory).at(index).node
    indexes.push(index)
  }
  return { node, indexes }
}

/** A number for an object that stays the same (FNV-1a over the way to it). */
export function fileidOf(indexes: readonly number[]): bigint {
  let hash = 0xcbf2_9ce4_8422_2325n
  for (const index of indexes) hash = BigInt.asUintN(64, (hash ^ BigInt(index + 1)) * 0x100_0000_01b3n)
  return hash
}
