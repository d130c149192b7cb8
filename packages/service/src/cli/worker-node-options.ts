/**
 * Options of Node for a worker. Young objects may take 48 MiB: nearly all that a walk makes is dead soon, but
 * what thousands of files in flight hold is not, and a space that is full sooner has all of it copied twice and kept. One
 * thread clears it: there is little to copy, and waking others for that costs more. Old ones are looked through when they
 * have grown by 70 percent: of a listing's page nearly all is dead by then, and V8's own measure would keep three times as
 * much garbage. V8 takes all of it from the command line alone, so the program that starts a worker passes it; else the
 * worker's first line does.
 */
export const workerNodeOptions: readonly string[] = [
  '--max-semi-space-size=16',
  '--no-parallel-scavenge',
  '--heap-growing-percent=70',
]
