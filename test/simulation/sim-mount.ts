import { type Mount, WalkError } from '@cachewarmer/walker'
import { askingOver } from './asking.ts'
import type { Filer, SimDirectory, SimExport, SimNode } from './filer.ts'
import { join } from './filer.ts'
import type { Life } from './life.ts'
import type { ReadRecord } from './read-record.ts'
import type { Dice } from './seeded.ts'
import type { SimClock } from './sim-clock.ts'

export interface SimMountOptions {
  readonly address: string
  readonly of: SimExport
  readonly filer: Filer
  readonly sim: SimClock
  /** The process that owns the mount. */
  readonly life: Life
  readonly dice: Dice
  readonly reads: ReadRecord
  readonly latencyMs: number
  readonly pageSize: number
  /** Pages say where the listing can resume; else it is as in a mounted folder. */
  readonly resumable: boolean
  /** Files are opened by handles that all addresses know. */
  readonly handles: boolean
}

/**
 * One address of the simulated filer as one process sees it. What arrives at the filer counts as read there, whether or
 * not the process lives to hear of it.
 */
export function simMount(options: SimMountOptions): Mount {
  const { address, of, filer, sim, life, dice, reads, latencyMs, pageSize, resumable, handles } = options

  const find = (path: string): SimNode => {
    let node: SimNode = of.root
    if (path === '/') return node
    for (const name of path.slice(1).split('/')) {
      if (node.kind !== 'directory') throw new WalkError('NOT_A_DIRECTORY', `${path}: not a directory`)
      const child: SimNode | undefined = node.byName.get(name)
      if (child === undefined) throw new WalkError('NOT_FOUND', `${path}: no such file or directory`)
      node = child
    }
    return node
  }

  const ask = askingOver({
    address,
    filer,
    sim,
    life,
    dice,
    latencyMs,
    away: (code, path) => new WalkError(code, `${path}: ${address} does not answer`),
  })

  const pageOf = (path: string, node: SimDirectory, from: number) => {
    const entries = []
    let at = from
    for (; at < node.entries.length && entries.length < pageSize; at += 1) {
      const entry = node.entries[at]
      if (entry === undefined || entry.node.gone) continue
      const { kind } = entry.node
      entries.push({
        name: entry.name,
        kind,
        id: kind === 'directory' ? `${of.path}:${join(path, entry.name)}` : undefined,
        size: entry.node.kind === 'file' ? entry.node.size : undefined,
        modifiedMs: entry.node.kind === 'file' ? (entry.node.modifiedMs ?? 0) : 0,
        handle: handles ? entry.node : undefined,
      })
    }
    return { entries, next: at < node.entries.length ? at : undefined }
  }

  return {
    name: address,
    handleSpace: handles ? of.path : undefined,
    maxInFlight: 64,
    async *list({ path }, { resume, signal }) {
      for (let from: number | undefined = resume === undefined ? 0 : Number(resume); from !== undefined; ) {
        const start: number = from
        const page = await ask(signal, path, () => {
          const node = find(path)
          if (node.kind !== 'directory') throw new WalkError('NOT_A_DIRECTORY', `${path}: not a directory`)
          const page = pageOf(path, node, start)
          reads.noteListed(of, address, path, life, page.next === undefined)
          return page
        })
        from = page.next
        yield { entries: page.entries, resume: resumable && from !== undefined ? String(from) : undefined }
      }
    },
    stat: (path, { signal }) =>
      ask(signal, path, () => {
        const node = find(path)
        const id = node.kind === 'directory' ? `${of.path}:${path}` : undefined
        const name = path.slice(path.lastIndexOf('/') + 1)
        const attributes = node.kind === 'file' ? { size: node.size, modifiedMs: node.modifiedMs ?? 0 } : {}
        return { name, kind: node.kind, id, handle: handles ? node : undefined, ...attributes }
      }),
    read: ({ path, handle }, { offset, length, signal }) =>
      ask(signal, path, () => {
        if (of.denied.has(path)) throw new WalkError('ACCESS_DENIED', `${path}: permission denied`)
        const refused = of.refused?.(path, address)
        if (refused !== undefined) throw new WalkError(refused, `${path}: ${address} refuses it`)
        const node = handles && handle !== undefined ? (handle as SimNode) : find(path)
        if (node.gone) throw new WalkError('STALE', `${path}: it is gone`)
        if (node.kind !== 'file') throw new WalkError('NOT_A_FILE', `${path}: not a regular file`)
        const bytes = Math.max(0, Math.min(node.size - offset, length))
        reads.note(of, address, path, offset, bytes, life)
        return { bytes, end: offset + bytes >= node.size, size: node.size }
      }),
    close: () => Promise.resolve(),
  }
}
