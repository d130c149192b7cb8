/**
 * What Node is told when it starts a worker. Young objects may take 48 MiB: nearly all that a walk makes is dead soon, but
 * what thousands of files in flight hold is not, and a space that is full sooner has all of it copied twice and kept. One
 * thread clears it: there is little to copy, and waking others for that costs more. V8 takes both from the command line
 * alone, so whoever starts workers says it; the program's first line does where nobody did.
 */
export const workerNodeOptions: readonly string[] = ['--max-semi-space-size=16', '--no-parallel-scavenge']
