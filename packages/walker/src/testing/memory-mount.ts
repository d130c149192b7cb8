import { setImmediate } from 'node:timers/promises'
import type { Clock } from '@cachewarmer/nfs'
import { tooLarge, WalkError, type WalkErrorCode } from '../errors.ts'
import type { DirectoryPage, Entry, ListOptions, OpenMount, ReadOptions, ReadOutcome, Target } from '../mounts/mount.ts'
import { joinPath, nameOf, parentOf } from '../paths.ts'
import type { MemoryDirectory, MemoryNode } from './memory-tree.ts'

/** What goes wrong. Called before every operation; a code makes it fail. */
export type MemoryFault = (
  operation: 'list' | 'stat' | 'read' | 'readLink',
  path: string,
  page: number,
) => WalkErrorCode | undefined

export interface MemoryMountOptions {
  readonly name: string
  readonly tree: MemoryDirectory
  /** Entries a page. Default 1024. */
  readonly pageSize?: number | undefined
  /** Pages say where the listing can resume. Default false, as in a mounted folder. */
  readonly resumable?: boolean | undefined
  readonly handleSpace?: string | undefined
  readonly maxInFlight?: number | undefined
  readonly faults?: MemoryFault | undefined
  /** Every operation takes this long. Needs `clock`. */
  readonly latencyMs?: number | undefined
  readonly clock?: Pick<Clock, 'setTimer'> | undefined
}

export interface MemoryMount extends OpenMount {
  /** What was asked for so far. */
  readonly asked: {
    lists: number
    pages: number
    stats: number
    reads: number
    mostReadsAtOnce: number
    openListings: number
  }
}

/** A mount over a tree in memory: deterministic, and able to fail on request. Each page gives the event loop a turn. */
export function memoryMount(options: MemoryMountOptions): MemoryMount {
  const { tree, pageSize = 1024, resumable = false, latencyMs = 0, clock, faults } = options
  const asked = { lists: 0, pages: 0, stats: 0, reads: 0, mostReadsAtOnce: 0, openListings: 0 }
  let readsAtOnce = 0

  function find(path: string): MemoryNode {
    let node: MemoryNode = tree
    if (path === '/') return node
    for (const name of path.slice(1).split('/')) {
      if (node.kind !== 'directory') throw new WalkError('NOT_A_DIRECTORY', `${path}: not a directory`)
      const child: MemoryNode | undefined = childOf(node, name)
      if (!child) throw new WalkError('NOT_FOUND', `${path}: no such file or directory`)
      node = child
    }
    return node
  }

  function check(
    operation: 'list' | 'stat' | 'read' | 'readLink',
    path: string,
    page: number,
    signal: AbortSignal,
  ): void {
    signal.throwIfAborted()
    const code = faults?.(operation, path, page)
    if (code) throw new WalkError(code, `${path}: ${operation} fails with ${code}`)
  }

  const pause =
    clock && latencyMs > 0 ? () => new Promise<void>((resolve) => void clock.setTimer(latencyMs, resolve)) : undefined

  async function* list(directory: Target, { resume, signal }: ListOptions): AsyncGenerator<DirectoryPage, void> {
    asked.lists++
    asked.openListings++
    try {
      let page = resume === undefined ? 0 : Number(resume)
      check('list', directory.path, page, signal)
      const node = find(directory.path)
      if (node.kind !== 'directory') throw new WalkError('NOT_A_DIRECTORY', `${directory.path}: not a directory`)
      const entries = node.entries()[Symbol.iterator]()
      for (let skip = page * pageSize; skip > 0; skip--) entries.next()
      for (let ahead = entries.next(); ; ) {
        if (page > 0) check('list', directory.path, page, signal)
        await (pause ? pause() : setImmediate())
        const found: Entry[] = []
        for (; !ahead.done && found.length < pageSize; ahead = entries.next())
          found.push(entryOf(directory.path, ...ahead.value))
        page++
        asked.pages++
        yield { entries: found, resume: resumable && !ahead.done ? String(page) : undefined }
        if (ahead.done) return
      }
    } finally {
      asked.openListings--
    }
  }

  async function stat(path: string, { signal }: { readonly signal: AbortSignal }): Promise<Entry> {
    asked.stats++
    check('stat', path, 0, signal)
    if (pause) await pause()
    return entryOf(parentOf(path), nameOf(path), find(path))
  }

  async function read(file: Target, { offset, length, signal }: ReadOptions): Promise<ReadOutcome> {
    asked.reads++
    readsAtOnce++
    asked.mostReadsAtOnce = Math.max(asked.mostReadsAtOnce, readsAtOnce)
    try {
      check('read', file.path, 0, signal)
      if (pause) await pause()
      const node =
        options.handleSpace === undefined || file.handle === undefined ? find(file.path) : (file.handle as MemoryNode)
      if (node.kind !== 'file') throw new WalkError('NOT_A_FILE', `${file.path}: not a regular file`)
      if (!Number.isSafeInteger(node.size)) throw tooLarge(file.path, node.size)
      const bytes = Math.max(0, Math.min(Math.min(node.size, node.gives ?? Infinity) - offset, length))
      return { bytes, end: offset + bytes >= node.size, size: node.size }
    } finally {
      readsAtOnce--
    }
  }

  async function readLink(path: string, { signal }: { readonly signal: AbortSignal }): Promise<string> {
    check('readLink', path, 0, signal)
    if (pause) await pause()
    const node = find(path)
    if (node.kind !== 'symlink') throw new WalkError('OTHER', `${path}: not a symbolic link`)
    return node.to
  }

  const entryOf = (directory: string, name: string, node: MemoryNode): Entry => ({
    name,
    kind: node.kind,
    id: node.kind === 'directory' ? `memory:${joinPath(directory, name)}` : undefined,
    size: node.kind === 'file' ? node.size : undefined,
    modifiedMs: node.kind === 'file' ? (node.modifiedMs ?? 0) : undefined,
    handle: options.handleSpace === undefined ? undefined : node,
  })

  return {
    name: options.name,
    handleSpace: options.handleSpace,
    maxInFlight: options.maxInFlight ?? 1024,
    asked,
    list,
    stat,
    readLink,
    read,
    close: async () => {},
    [Symbol.asyncDispose]: async () => {},
  }
}

function childOf(directory: MemoryDirectory, name: string): MemoryNode | undefined {
  if (directory.entry) return directory.entry(name)
  for (const [candidate, node] of directory.entries()) if (candidate === name) return node
  return undefined
}
