import type { Mount, OpenMount } from '../mounts/mount.ts'

/** One operation that was asked of a mount. */
export interface MountCall {
  readonly operation: 'list' | 'stat' | 'read' | 'readLink'
  readonly path: string
  readonly offset?: number | undefined
  readonly length?: number | undefined
  /** Where a listing was to resume. */
  readonly resume?: string | undefined
}

export interface RecordedMount extends OpenMount {
  /** In the order in which they were asked. */
  readonly calls: readonly MountCall[]
  /** From now on calls that pass the test wait for `release()`. They begin at once again when it is `undefined`. */
  hold(test: ((call: MountCall) => boolean) | undefined): void
  /** Lets calls that wait continue: the first `count`, or all. */
  release(count?: number): void
  /** How many calls wait. */
  readonly held: number
}

/** The mount, with a record of what is asked of it, and the power to make it wait. An abort ends the waiting. */
export function recorded(mount: Mount): RecordedMount {
  const calls: MountCall[] = []
  const waiting: (() => void)[] = []
  let holds: ((call: MountCall) => boolean) | undefined

  async function note(call: MountCall, signal: AbortSignal): Promise<void> {
    calls.push(call)
    if (!holds?.(call)) return
    await new Promise<void>((resolve, reject) => {
      waiting.push(resolve)
      signal.addEventListener('abort', () => reject(signal.reason), { once: true })
    })
  }

  const readLink = mount.readLink?.bind(mount)
  return {
    name: mount.name,
    handleSpace: mount.handleSpace,
    maxInFlight: mount.maxInFlight,
    calls,
    get held() {
      return waiting.length
    },
    hold(test) {
      holds = test
    },
    release(count = waiting.length) {
      for (const go of waiting.splice(0, count)) go()
    },
    async *list(target, options) {
      await note({ operation: 'list', path: target.path, resume: options.resume }, options.signal)
      yield* mount.list(target, options)
    },
    async stat(path, options) {
      await note({ operation: 'stat', path }, options.signal)
      return mount.stat(path, options)
    },
    async read(target, options) {
      const { offset, length, signal } = options
      await note({ operation: 'read', path: target.path, offset, length }, signal)
      return mount.read(target, options)
    },
    ...(readLink && {
      async readLink(path: string, options: { readonly signal: AbortSignal }): Promise<string> {
        await note({ operation: 'readLink', path }, options.signal)
        return readLink(path, options)
      },
    }),
    close: () => mount.close(),
    [Symbol.asyncDispose]: () => mount.close(),
  }
}

/** Gives the event loop turns until the condition holds; throws when it does not come about. */
export async function until(condition: () => boolean, what = 'the condition'): Promise<void> {
  for (let turn = 0; turn < 10_000; turn++) {
    if (condition()) return
    await new Promise((resolve) => setImmediate(resolve))
  }
  throw new Error(`${what} did not come about`)
}
