import { writeFileSync } from 'node:fs'

/**
 * Keeps the memory of this process, and of those that it starts, out of core files: what has our secrets in its
 * environment leaves none of them on a disk, whatever limit it was started under and wherever the kernel sends cores.
 * Linux alone has such a switch; who wants the memory of one process in its core writes 33 to
 * `/proc/<pid>/coredump_filter` while it runs.
 */
export function keepMemoryOutOfCores(filter = '/proc/self/coredump_filter'): void {
  try {
    writeFileSync(filter, '0')
  } catch {
    // No such switch here, or none that we may use: the limit of core files is all there is.
  }
}
