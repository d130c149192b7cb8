import { setImmediate } from 'node:timers/promises'
import type { Entry } from './mount.ts'
import type { LeftOutEntry, WalkFilter } from './options.ts'
import { joinPath } from './paths.ts'

/** So many names tell how long a filter takes; fewer are never worth a pause. */
const sampleNames = 16
/** Milliseconds for which nothing else of the process has its turn. */
const atOnceMs = 20

export interface NamesOf {
  /** Of the directory. */
  readonly path: string
  readonly entries: readonly Entry[]
  readonly now: () => number
  /** False once nobody wants to know any more. */
  readonly wanted: () => boolean
}

/**
 * For a filter that takes long over each name, as one of large expressions may: decides about a page of names some at a
 * time, so that leases are renewed meanwhile and other work has its turn. Gives a filter that knows the answers; undefined,
 * at once, for one that is quick.
 */
export function decideAhead(filter: WalkFilter, names: NamesOf): Promise<WalkFilter> | undefined {
  const { entries, now } = names
  if (entries.length <= sampleNames) return undefined
  const begunMs = now()
  // Answers are kept only where they are worth it: most filters are quick.
  for (let at = 0; at < sampleNames; at++) ask(filter, names.path, entries[at] as Entry)
  const allMs = ((now() - begunMs) / sampleNames) * entries.length
  return allMs < atOnceMs ? undefined : decideAll(new Decided(filter), names)
}

async function decideAll(decided: Decided, { path, entries, now, wanted }: NamesOf): Promise<WalkFilter> {
  let begunMs = now()
  for (const entry of entries) {
    if (!(now() - begunMs < atOnceMs)) {
      await setImmediate()
      if (!wanted()) break
      begunMs = now()
    }
    ask(decided, path, entry)
  }
  return decided
}

/** Asks what will be asked of an entry. */
function ask(filter: WalkFilter, directory: string, { name, kind, size, modifiedMs }: Entry): void {
  const path = joinPath(directory, name)
  const isIn = kind === 'directory' ? filter.directory(path, name) : filter.file(path, name)
  if (!isIn) filter.leftOutBy?.({ path, name, kind: kind === 'directory' ? kind : 'file', size, modifiedMs })
}

/** Answers what was asked before from memory. */
class Decided implements WalkFilter {
  readonly needsAttributes: boolean
  readonly #filter: WalkFilter
  readonly #files = new Map<string, boolean>()
  readonly #directories = new Map<string, boolean>()
  readonly #rules = new Map<string, string | undefined>()

  constructor(filter: WalkFilter) {
    this.#filter = filter
    this.needsAttributes = filter.needsAttributes
  }

  file(path: string, name: string): boolean {
    return remembered(this.#files, path, () => this.#filter.file(path, name))
  }

  directory(path: string, name: string): boolean {
    return remembered(this.#directories, path, () => this.#filter.directory(path, name))
  }

  leftOutBy(entry: LeftOutEntry): string {
    return remembered(this.#rules, entry.path, () => this.#filter.leftOutBy?.(entry)) ?? 'filter'
  }

  size(bytes: number): boolean {
    return this.#filter.size(bytes)
  }

  modified(ms: number): boolean {
    return this.#filter.modified(ms)
  }
}

function remembered<T>(answers: Map<string, T>, path: string, ask: () => T): T {
  const known = answers.get(path)
  if (known !== undefined || answers.has(path)) return known as T
  const answer = ask()
  answers.set(path, answer)
  return answer
}
