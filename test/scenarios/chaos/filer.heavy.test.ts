import { join } from 'node:path'
import { seededRandom } from '@cachewarmer/core/testing'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { chaosIsLong, chaosSeed, expectWarmed, reportOf, submitSlowly } from '../../support/chaos.ts'
import { type Ganesha, ganeshaMissing, startGanesha } from '../../support/ganesha.ts'
import { type Finished, Lab, type MadeTree, makeTree, pause } from '../../support/lab.ts'
import { type RpcProxy, startRpcProxy } from '../../support/rpc-proxy.ts'

const missing = ganeshaMissing()
if (missing !== undefined) console.log(`SKIPPED: a filer in trouble, because ${missing}`)

const hosts = ['127.0.0.11', '127.0.0.12', '127.0.0.13']

/* nfs-ganesha behind a network of the tests' own; the workers speak NFS themselves. */
describe.skipIf(missing !== undefined)('a filer', { timeout: 300_000 }, () => {
  let lab: Lab
  let ganesha: Ganesha
  let network: RpcProxy
  let made: MadeTree
  beforeEach(async ({ task }) => {
    lab = new Lab()
    // Each lost answer costs a timeout, and few calls are in flight where many are lost.
    made = task.name.includes('loses') ? makeTree(lab.exportFolder, 4, 8) : makeTree(lab.exportFolder, 20, 15, 300)
    const started = await startGanesha({ folder: lab.exportFolder })
    if (started === undefined) throw new Error('nfs-ganesha did not start')
    ganesha = started
    network = await startRpcProxy({ targetPort: ganesha.nfsPort, random: seededRandom(chaosSeed(1)) })
    lab.start('manager', [
      '--ledger',
      join(lab.folder, 'ledger.db'),
      '--workers',
      '2',
      '--access',
      'direct',
      '--nfs-port',
      String(network.port),
      '--mount-port',
      String(ganesha.mountPort),
      '--nfs-timeout-ms',
      task.name.includes('loses') ? '250' : '2000',
    ])
  })
  afterEach(async () => {
    await lab[Symbol.asyncDispose]()
    await network[Symbol.asyncDispose]()
    await ganesha.stop()
  })

  const submit = (requestsPerSecond: number): Promise<Finished> =>
    submitSlowly(lab, requestsPerSecond, { addresses: hosts, exportPath: lab.exportFolder })
  const underWay = (): Promise<void> => lab.eventually(async () => network.passed > 200, 120_000)

  test('that loses half of its answers, though never three to one call, is read all the same', async () => {
    network.weather.lost = 0.5
    network.weather.lostInARow = 2
    expectWarmed(await submit(100_000), made)
    expect(network.dropped).toBeGreaterThan(network.passed / 4)
  })

  if (chaosIsLong)
    test('that loses half of its answers is read, and what was not is counted and named', async () => {
      network.weather.lost = 0.5
      const finished = await submit(100_000)
      const { files, failures, outcome } = reportOf(finished)
      expect(outcome).toBe(failures.total === 0 ? 'warmed' : 'completed with failures')
      expect(files).toBeLessThanOrEqual(made.files)
      expect(files + failures.total).toBeGreaterThanOrEqual(made.files)
      expect(network.dropped).toBeGreaterThan(network.passed / 2)
    })

  test('that becomes slow in mid-job is read all the same', async () => {
    const submitted = submit(600)
    await underWay()
    network.weather.delayMs = 1_500
    await pause(4_000)
    network.weather.delayMs = 20
    expectWarmed(await submitted, made)
  })

  test('that is stopped in mid-job and started again is read all the same', async () => {
    const submitted = submit(600)
    await underWay()
    await ganesha.kill()
    await pause(3_000)
    await ganesha.restart()
    expectWarmed(await submitted, made)
  })

  test('to which the network is cut for a while, again and again, is read all the same', async () => {
    const submitted = submit(600)
    await underWay()
    for (let cut = 0; cut < 3; cut += 1) {
      await network.close()
      await pause(700)
      await network.open()
      await pause(700)
    }
    expectWarmed(await submitted, made)
  })
})
