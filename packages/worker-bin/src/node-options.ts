/**
 * What Node is told when it starts a worker: young objects may take 24 MiB, in place of several times that. Nearly all that
 * a walk makes is dead soon; a larger space for it only fills a core's cache with garbage, and memory. V8 takes this from
 * the command line alone, so whoever starts workers says it; the program's first line does where nobody did.
 */
export const workerNodeOptions: readonly string[] = ['--max-semi-space-size=8']
