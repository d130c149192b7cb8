import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fakeCredential, makeCertificate } from '@cachewarmer/queue/testing'
import { hasTool } from '@cachewarmer/vmss/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Azurite, startAzurite } from '../../support/azurite.ts'
import { Cloud } from '../../support/cloud.ts'
import { Lab, makeTree, pause } from '../../support/lab.ts'

const openssl = hasTool('openssl', 'the mission is not tested against the resource manager on loopback')
const set = 'cachewarmer-lab'

interface Report {
  readonly outcome: string
  readonly files: number
}

const reportOf = (stdout: string): Report => JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Report

describe.skipIf(!openssl)('a job in Azurite, machines of a scale set, tokens of managed identities and no key', () => {
  const folder = mkdtempSync(join(tmpdir(), 'cachewarmer-mission-'))
  let azurite: Azurite
  let cloud: Cloud
  let lab: Lab
  beforeAll(async () => {
    // Azurite takes tokens over TLS alone.
    const certificate = makeCertificate(folder)
    if (certificate === undefined) throw new Error('openssl made no certificate')
    azurite = await startAzurite({ certificate })
    const { token } = await fakeCredential().getToken('')
    const asked = (resource: string): string => (resource.startsWith('https://storage.azure.com') ? token : 'manager')
    const environment = { NODE_EXTRA_CA_CERTS: certificate.certFile }
    cloud = await Cloud.start({ environment, tokenFor: asked })
    lab = new Lab({ CACHEWARMER_QUEUE: azurite.url, QUEUE_PREFIX: 'lab', ...cloud.environment })
  })
  afterAll(async () => {
    await lab?.[Symbol.asyncDispose]()
    await cloud?.[Symbol.asyncDispose]()
    await azurite?.stop()
    rmSync(folder, { recursive: true })
  })

  test('every file is counted once although machines are taken away, and then the set is gone', {
    timeout: 180_000,
  }, async () => {
    const made = makeTree(lab.exportFolder, 60, 40, 1_600)
    const manager = lab.startManager(
      ...cloud.managerArguments(lab.folder),
      '--workers',
      '3',
      '--idle-ms',
      '1500',
      '--concurrency',
      '2',
      '--azure-client-id',
      'id-of-manager',
    )
    // Machines go in the middle of it, however fast the disk is.
    writeFileSync(join(lab.folder, 'job.json'), JSON.stringify({ MaxRequestsPerSecond: 300 }))
    const submitted = lab.submitAndWait('--job', join(lab.folder, 'job.json'), '--path', '/', '--job-id', 'mission')
    let ended = false
    void submitted.then(() => {
      ended = true
    })
    await lab.eventually(
      async () => cloud.booted.filter((one) => one.log().includes('on a machine of Azure')).length >= 3,
      90_000,
    )
    await pause(1_000)
    const [first, second] = cloud.booted
    await cloud.arm.evict(set, first?.machine.id ?? '', { notice: true })
    await cloud.arm.evict(set, second?.machine.id ?? '')
    expect(ended).toBe(false)
    const changed = await lab.run('submit', ['change', 'mission', '--max-requests-per-second', '1000000'])
    expect(changed).toMatchObject({ code: 0 })
    // The one that was told has handed back and ended by itself.
    expect(await first?.exited).toBe(0)
    expect(await second?.exited).not.toBe(0)
    const { code, stdout, stderr } = await submitted
    expect({ code, stderr }).toEqual({ code: 0, stderr })
    expect(reportOf(stdout)).toMatchObject({ outcome: 'warmed', ...made, fleet: { kind: 'vmss', priority: 'spot' } })
    await lab.eventually(async () => cloud.arm.sets.size === 0)
    manager.process.kill('SIGTERM')
    expect(await manager.finished).toMatchObject({ code: 0 })
    expect(cloud.arm.requests.filter(({ method }) => method === 'PUT')).toHaveLength(1)
    for (const resource of ['storage.azure.com', encodeURIComponent(cloud.arm.cloud.armEndpoint)])
      expect(cloud.controller.requests.filter((request) => request.includes(resource)).join()).toContain(
        'client_id=id-of-manager',
      )
    // Every program opened the queues with a token alone.
    const asking = [cloud.controller, ...cloud.booted.map(({ metadata }) => metadata)]
    for (const { requests } of asking) expect(requests.join()).toContain('storage.azure.com')
  })
})
