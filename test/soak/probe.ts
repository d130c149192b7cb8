import { appendFileSync, readdirSync } from 'node:fs'
import { basename } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { isMainThread } from 'node:worker_threads'

/*
 * Loaded into every program of a soak (NODE_OPTIONS=--import): it writes down every two seconds what its process holds, one
 * line of JSON a sample, in the file that $SOAK_SAMPLES names. Twice a minute it collects garbage first, so that what a
 * heap really holds is seen among its ups and downs.
 */
const file = process.env['SOAK_SAMPLES']
const sampleMs = 2_000
const samplesACollection = 15
if (file !== undefined && isMainThread) {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const program = /([a-z]+)-bin/.exec(process.argv[1] ?? '')?.[1] ?? basename(process.argv[1] ?? 'node')
  let taken = 0
  const sample = (): void => {
    taken += 1
    const collected = taken % samplesACollection === 0
    if (collected) collect()
    const { rss, heapUsed, external } = process.memoryUsage()
    const handles = readdirSync('/proc/self/fd').length
    const waiting = process.getActiveResourcesInfo().length
    const line = { atMs: Date.now(), program, pid: process.pid, rss, heapUsed, external, handles, waiting, collected }
    appendFileSync(file, `${JSON.stringify(line)}\n`)
  }
  setInterval(sample, sampleMs).unref()
}
