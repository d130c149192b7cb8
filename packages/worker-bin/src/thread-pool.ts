/*
 * Imported before anything else: a read of a mounted folder blocks one thread of libuv's pool, and the pool takes its
 * size from the environment when it is first used. So the wanted number of reads in flight is looked up in the command
 * line here, before the command line is properly parsed.
 */
const mostThreads = 1_024

function wantedConcurrency(argv: readonly string[]): number {
  const at = argv.findIndex((argument) => argument === '--concurrency' || argument.startsWith('--concurrency='))
  const text = at < 0 ? process.env['CACHEWARMER_CONCURRENCY'] : (argv[at]?.split('=')[1] ?? argv[at + 1])
  const wanted = Number(text)
  return Number.isInteger(wanted) && wanted > 0 ? wanted : 64
}

// A few more than reads, so that listings and log writes never wait for a slow file.
process.env['UV_THREADPOOL_SIZE'] ??= String(Math.min(mostThreads, wantedConcurrency(process.argv) + 8))
