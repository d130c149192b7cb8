import type { FileType } from '../nfs3/objects.ts'

/*
 * Trees for the server in this folder. A directory is a function from an index to a name and a node, so that one of
 * millions of entries costs nothing until they are asked for; names are as `decodeName` gives them.
 */

export interface TreeFile {
  readonly type: 'file'
  /** Bytes. Files are as sparse as one likes: their bytes are computed. */
  readonly size: number | bigint
  /** What is in it; without, the pattern of `patternByte`. */
  readonly content?: Uint8Array | undefined
  /** What READ answers instead of the truth. Called for each READ; undefined: the truth. */
  readonly answer?: ((offset: number, asked: number) => ReadAnswer | undefined) | undefined
  readonly meta?: TreeMeta | undefined
}

/** An answer to READ; what it leaves out is the truth. */
export interface ReadAnswer {
  /** Bytes in the reply. */
  readonly count?: number | undefined
  /** Bytes that the reply says are in it. Default: `count`. */
  readonly said?: number | undefined
  readonly eof?: boolean | undefined
  /** Size in the attributes of the reply; null: a reply without attributes. */
  readonly size?: number | bigint | null | undefined
  /** Type in the attributes of the reply. */
  readonly type?: FileType | undefined
}

export interface TreeDirectory {
  readonly type: 'directory'
  readonly count: number
  /** The entry at 0 to count - 1: always the same for the same index. */
  at(index: number): TreeEntry
  /** The index of a name, or undefined. */
  find(name: string): number | undefined
  readonly meta?: TreeMeta | undefined
}

export interface TreeLink {
  readonly type: 'symlink'
  readonly target: string
  readonly meta?: TreeMeta | undefined
}

/** A device, FIFO or socket. */
export interface TreeSpecial {
  readonly type: Exclude<FileType, 'file' | 'directory' | 'symlink'>
  readonly meta?: TreeMeta | undefined
}

/** A directory that is one of those it lies in: what a bind mount or a junction makes. */
export interface TreeUp {
  readonly type: 'up'
  /** 1: the directory that holds it. */
  readonly levels: number
  /** What tells that it is the same. With one of the two alone, the other looks like a new directory's. */
  readonly same: 'both' | 'handle' | 'fileid'
}

export type TreeNode = TreeFile | TreeDirectory | TreeLink | TreeSpecial

export interface TreeEntry {
  readonly name: string
  readonly node: TreeNode | TreeUp
}

/** What attributes say beside type and size. */
export interface TreeMeta {
  readonly mode?: number | undefined
  readonly uid?: number | undefined
  readonly gid?: number | undefined
  readonly modifiedMs?: number | undefined
  /** In the file system. Default: a number of its own. */
  readonly fileid?: bigint | undefined
}

/** A file with these bytes, or with this many. */
export function file(content: string | Uint8Array | number | bigint = '', meta?: TreeMeta): TreeFile {
  if (typeof content === 'number' || typeof content === 'bigint') return { type: 'file', size: content, meta }
  const bytes = Buffer.from(content)
  return { type: 'file', size: bytes.length, content: bytes, meta }
}

/** A file of this many bytes whose READ replies are not always true. */
export const oddFile = (size: number | bigint, answer: NonNullable<TreeFile['answer']>): TreeFile => ({
  type: 'file',
  size,
  answer,
})

/** A directory of what stands in an object, in its order. */
export function directory(nodes: Readonly<Record<string, TreeNode | TreeUp>> = {}, meta?: TreeMeta): TreeDirectory {
  const entries = Object.entries(nodes).map(([name, node]) => ({ name, node }))
  const byName = new Map(entries.map(({ name }, index) => [name, index]))
  return {
    type: 'directory',
    count: entries.length,
    at: (index) => entries[index] as TreeEntry,
    find: (name) => byName.get(name),
    meta,
  }
}

/** A directory of `count` entries `<prefix>0`, `<prefix>1`, ..., each made when it is asked for. */
export function generated(
  count: number,
  prefix: string,
  make: (index: number) => TreeNode,
  meta?: TreeMeta,
): TreeDirectory {
  return {
    type: 'directory',
    count,
    at: (index) => ({ name: `${prefix}${index}`, node: make(index) }),
    find(name) {
      const index = name.startsWith(prefix) ? Number(name.slice(prefix.length)) : Number.NaN
      return Number.isInteger(index) && index >= 0 && index < count && name === `${prefix}${index}` ? index : undefined
    },
    meta,
  }
}

export const link = (target: string, meta?: TreeMeta): TreeLink => ({ type: 'symlink', target, meta })
export const up = (levels: number, same: TreeUp['same'] = 'both'): TreeUp => ({ type: 'up', levels, same })
export const special = (type: TreeSpecial['type'], meta?: TreeMeta): TreeSpecial => ({ type, meta })

const patternBytes = 65_521
const pattern = Buffer.from(Array.from({ length: patternBytes }, (_, index) => (index * 31 + (index >> 8)) & 0xff))

/** The byte at an offset of every file without content of its own. The period is a prime: shifted data shows. */
export const patternByte = (offset: number | bigint): number =>
  pattern[Number(BigInt(offset) % BigInt(patternBytes))] as number

/** Bytes of a file, fewer where it ends. */
export function contentOf(node: TreeFile, offset: bigint, count: number): Buffer {
  const size = BigInt(node.size)
  const length = offset >= size ? 0 : Number(size - offset < BigInt(count) ? size - offset : BigInt(count))
  if (node.content !== undefined) return Buffer.from(node.content.subarray(Number(offset), Number(offset) + length))
  const bytes = Buffer.allocUnsafe(length)
  let from = Number(offset % BigInt(patternBytes))
  for (let at = 0; at < length; from = 0) at += pattern.copy(bytes, at, from)
  return bytes
}
