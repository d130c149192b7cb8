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
