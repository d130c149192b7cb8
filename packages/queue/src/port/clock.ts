import { execFileSync } from 'node:child_process'
import { readFileSync, readlinkSync } from 'node:fs'
import { hrtime } from 'node:process'

/**
 * CLOCK_MONOTONIC on Linux (clock_gettime(2)), the continuous clock on macOS: the same in all processes of a machine, and never
 * set. On Linux it stands still while the machine is suspended, and so do all who hold leases.
 */
export const steadyMs = (): number => Number(hrtime.bigint() / 1_000_000n)

interface Sources {
  readonly read: (file: string) => string
  readonly link: (file: string) => string
  /** The output of `sysctl -n NAME`. */
  readonly sysctl: (name: string) => string
}

const system: Sources = {
  read: (file) => readFileSync(file, 'latin1'),
  link: (file) => readlinkSync(file),
  sysctl: (name) => execFileSync('/usr/sbin/sysctl', ['-n', name], { encoding: 'latin1', stdio: 'pipe' }),
}

const attempt = (ask: () => string): string | undefined => {
  try {
    return ask().trim() || undefined
  } catch {
    return undefined
  }
}

/**
 * What tells one start of the machine from the next: random(4) on Linux, with the time namespace, which may shift the
 * monotonic clock (time_namespaces(7)); `kern.bootsessionuuid` on macOS. Containers share both with their host, unless
 * their manager gives them others (systemd-nspawn does). Undefined on other systems.
 */
export function readBootId({ read, link, sysctl }: Sources = system): string | undefined {
  const linux = attempt(() => read('/proc/sys/kernel/random/boot_id'))
  if (linux === undefined) return attempt(() => sysctl('kern.bootsessionuuid'))
  const namespace = attempt(() => link('/proc/self/ns/time'))
  return namespace === undefined ? linux : `${linux} ${namespace}`
}

let known: { readonly bootId: string | undefined } | undefined

/** Looked up once in a process, which never outlives a start of its machine. */
export function bootId(): string | undefined {
  known ??= { bootId: readBootId() }
  return known.bootId
}

/** Time, handed in wherever it is needed, so that tests and simulations can drive it. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number
  /** Calls `run` once after `ms` milliseconds, unless the function that it returns is called before. */
  setTimer(ms: number, run: () => void): () => void
}

/** Waits for `ms`. Rejects with `signal.reason` when aborted, also when it was aborted before. */
export function sleep(clock: Pick<Clock, 'setTimer'>, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason as Error)
    const leave = (): void => {
      stop()
      reject(signal?.reason as Error)
    }
    const stop = clock.setTimer(ms, () => {
      signal?.removeEventListener('abort', leave)
      resolve()
    })
    signal?.addEventListener('abort', leave, { once: true })
  })
}

/**
 * The clocks of one machine, the same in all its processes. `now()` is the wall clock, which people and NTP set; leases
 * and delays go by `steadyMs()`.
 */
export interface MachineClock extends Clock {
  /** Milliseconds since an arbitrary moment, by a clock that runs from start to shutdown of the machine and is never set. */
  steadyMs(): number
  /** A new one after each start of the machine. Undefined where it can't be read: then the wall clock has to serve. */
  readonly bootId: string | undefined
}

const isMachineClock = (clock: Clock): clock is MachineClock => 'steadyMs' in clock

/** Measures durations: the steady clock, if the clock has one that can be used across processes. */
export const steadyOf = (clock: Clock): MachineClock | undefined =>
  isMachineClock(clock) && clock.bootId !== undefined ? clock : undefined

/** A timer further off than this fires at once, in Node as in browsers. */
const longestTimerMs = 2 ** 31 - 1

/** As `setTimeout`, but for any time, however long. */
function setTimer(ms: number, run: () => void): () => void {
  let timer: NodeJS.Timeout
  const wait = (leftMs: number): void => {
    const laterMs = leftMs - longestTimerMs
    timer = laterMs > 0 ? setTimeout(wait, longestTimerMs, laterMs) : setTimeout(run, leftMs)
  }
  wait(ms)
  return () => clearTimeout(timer)
}

/**
 * The clocks of this machine: its wall clock, for what people are shown, and its steady clock, for what its processes share,
 * such as the leases of a queue in a file.
 */
export const systemClock: MachineClock = {
  now: () => Date.now(),
  setTimer,
  steadyMs,
  get bootId() {
    return bootId()
  },
}

const startMs = Date.now() - performance.now()

/**
 * The wall's time at the start of the process, and from then on a stopwatch's, which is never set. Programs pass it
 * wherever a `clock` is asked for, because their deadlines must not move when the wall clock is put right; tests pass
 * `fakeClock()`.
 */
export const steadyClock: MachineClock = {
  now: () => Math.floor(startMs + performance.now()),
  setTimer,
  steadyMs,
  get bootId() {
    return bootId()
  },
}
