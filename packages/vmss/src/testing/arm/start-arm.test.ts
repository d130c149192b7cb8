import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { afterEach, describe, expect, test } from 'vitest'
import { scaleSetBody } from '../../scale-set/body.ts'
import { resolveScaleSet } from '../../scale-set/settings.ts'
import { aFleetWorld } from '../fleet-world.ts'
import { startInstanceMetadata } from '../instance-metadata.ts'
import { aScaleSet, testSubscription } from '../settings.ts'
import { hasTool } from '../tools.ts'
import { type Arm, startArm } from './start-arm.ts'

const openssl = hasTool('openssl', 'the resource manager on loopback is not tested')
const settings = resolveScaleSet(aScaleSet())
const body = () => JSON.parse(JSON.stringify(scaleSetBody(settings, settings.candidates[0], 1)))
const path = `/subscriptions/${testSubscription}/resourceGroups/render/providers/Microsoft.Compute/virtualMachineScaleSets/test`

describe.skipIf(!openssl)('startArm', () => {
  let arm: Arm
  afterEach(() => arm.close())

  const ask = async (method: string, at: string, sent?: unknown, headers: Record<string, string> = {}) => {
    const reply = await arm.fetch(`${arm.cloud.armEndpoint}${at}`, {
      method,
      headers: { authorization: 'Bearer manager', ...headers },
      ...(sent === undefined ? {} : { body: JSON.stringify(sent) }),
    })
    const text = await reply.text()
    return { status: reply.status, headers: reply.headers, body: text === '' ? undefined : JSON.parse(text) }
  }
  const put = (sent: unknown) => ask('PUT', `${path}?api-version=2026-04-01`, sent)

  test('makes a set as Azure does: 201, then an operation to ask about', async () => {
    arm = await startArm()
    arm.hold()
    const { status, headers, body: made } = await put(body())
    expect(status).toBe(201)
    expect(made).toMatchObject({ name: 'test', properties: { provisioningState: 'Creating' } })
    const operation = new URL(headers.get('azure-asyncoperation') ?? '')
    const progress = async () => (await ask('GET', operation.pathname + operation.search)).body.status
    expect(await progress()).toBe('InProgress')
    arm.release()
    while ((await progress()) === 'InProgress') await new Promise((resolve) => setTimeout(resolve, 5))
    expect(await progress()).toBe('Succeeded')
  })

  test('never shows a password or the custom data', async () => {
    arm = await startArm()
    const sent = body()
    sent.properties.virtualMachineProfile.osProfile.adminPassword = 'Correct-Horse-1'
    const { body: made } = await put(sent)
    expect(JSON.stringify(made)).not.toMatch(/Correct-Horse-1|customData/)
  })

  type Spoil = (sent: ReturnType<typeof body>) => void
  const os =
    (change: object): Spoil =>
    (sent) =>
      Object.assign(sent.properties.virtualMachineProfile.osProfile, change)
  const refused: [string, Spoil, RegExp][] = [
    ['an unknown property', (sent) => Object.assign(sent, { colour: 'red' }), /InvalidRequestContent.*'colour'/],
    ['a reserved user name', os({ adminUsername: 'root' }), /adminUsername.*not allowed|not allowed.*adminUsername/],
    ['custom data that is no base64', os({ customData: '#cloud-config' }), /Base64/],
    ['70 KiB of custom data', os({ customData: Buffer.alloc(71_680, 'x').toString('base64') }), /65535/],
    ['a long host name', os({ computerNamePrefix: 'x'.repeat(16) }), /computer name prefix/],
    [
      'neither key nor password',
      os({ linuxConfiguration: { disablePasswordAuthentication: false } }),
      /SSH or by user name/,
    ],
    [
      'a price for regular machines',
      (sent) => Object.assign(sent.properties.virtualMachineProfile, { priority: 'Regular' }),
      /Azure Spot/,
    ],
    [
      'an ephemeral disk that is cached for writing',
      (sent) =>
        Object.assign(sent.properties.virtualMachineProfile.storageProfile.osDisk, {
          diffDiskSettings: { option: 'Local' },
        }),
      /caching ReadOnly/,
    ],
    [
      'a short notice',
      (sent) =>
        Object.assign(sent.properties.virtualMachineProfile.scheduledEventsProfile.terminateNotificationProfile, {
          notBeforeTimeout: 'PT1M',
        }),
      /between PT5M and PT15M/,
    ],
    [
      'a marketplace image without its plan',
      (sent) =>
        Object.assign(sent.properties.virtualMachineProfile.storageProfile.imageReference, {
          publisher: 'microsoft-avere',
        }),
      /VMMarketplaceInvalidInput/,
    ],
  ]
  test.each(refused)('refuses %s', async (_, spoil, message) => {
    arm = await startArm()
    const sent = body()
    spoil(sent)
    const { status, body: reply } = await put(sent)
    expect(status).toBe(400)
    expect(JSON.stringify(reply)).toMatch(message)
    expect(arm.sets.size).toBe(0)
  })

  test('refuses requests without token, version, subscription or a path that it knows', async () => {
    arm = await startArm()
    const status = async (...given: Parameters<typeof ask>) => (await ask(...given)).status
    expect(await status('GET', `${path}?api-version=2026-04-01`, undefined, { authorization: 'none' })).toBe(401)
    expect(await status('GET', path)).toBe(400)
    expect(await status('GET', '/subscriptions/other/resourceGroups/render?api-version=2026-04-01')).toBe(404)
    expect(await status('GET', `/subscriptions/${testSubscription}/operations/1?api-version=2026-04-01`)).toBe(404)
    expect(await status('POST', `${path}?api-version=2026-04-01`)).toBe(404)
    await put(body())
    expect(await status('POST', `${path}?api-version=2026-04-01`)).toBe(405)
    expect(await status('POST', `${path}/delete?api-version=2026-04-01`, { instanceIds: ['9'] })).toBe(400)
    expect(await status('PATCH', `${path}?api-version=2026-04-01`, { sku: { capacity: 'x' } })).toBe(400)
    expect(await status('GET', `${path}/virtualMachines/9?api-version=2026-04-01`)).toBe(404)
    expect(await status('DELETE', `${path}/virtualMachines/9?api-version=2026-04-01`)).toBe(204)
  })

  test('changes to a set that is being changed are a conflict, and so is a size that is not there', async () => {
    arm = await startArm()
    arm.hold()
    await put(body())
    const patch = (sku: object) => ask('PATCH', `${path}?api-version=2026-04-01`, { sku })
    expect(await patch({ capacity: 2 })).toMatchObject({ status: 409, body: { error: { code: 'Conflict' } } })
    arm.release()
    while (arm.sets.get('test')?.state !== 'Succeeded') await new Promise((resolve) => setTimeout(resolve, 5))
    expect(await patch({ name: 'Standard_Z9' })).toMatchObject({ status: 400, body: { error: { target: 'vmSize' } } })
  })

  test('machines can be real processes that get a notice before they are deleted, and none when their host dies', async () => {
    const imds = await startInstanceMetadata()
    const processes = new Map<string, ChildProcess>()
    const told = new Set<string>()
    const ends: string[] = []
    // A worker that asks for its events, and says so when it is to go.
    const program = `
      const [url, name] = process.argv.slice(1), events = url + '/metadata/scheduledevents?api-version=2020-07-01', headers = { Metadata: 'true' }
      for (;;) {
        const { Events } = await (await fetch(events, { headers })).json()
        const mine = Events.find(({ Resources }) => Resources.includes(name))
        if (mine) {
          await fetch(events, { method: 'POST', headers, body: JSON.stringify({ StartRequests: [{ EventId: mine.EventId }] }) })
          process.exit(7)
        }
        await new Promise((resolve) => setTimeout(resolve, 20))
      }`
    const world = await aFleetWorld({
      onInstanceStarted: ({ name }) => {
        const child = spawn(process.execPath, ['--input-type=module', '-e', program, imds.url, name], {
          stdio: 'ignore',
        })
        processes.set(name, child)
      },
      onInstanceNotice: ({ name }, kind) => {
        told.add(name)
        return imds.announce(kind, [name]).acknowledged
      },
      onInstanceStopped: async ({ name }) => {
        const child = processes.get(name)
        if (!child) return
        const exit = child.exitCode === null ? once(child, 'exit') : undefined
        // Who was told goes by itself; the others are switched off.
        if (!told.has(name)) child.kill('SIGKILL')
        await exit
        ends.push(`${name} ${child.signalCode ?? child.exitCode}`)
      },
    })
    arm = world.arm
    try {
      const set = world.open()
      await world.clock.run(set.ensureCapacity(3))
      expect(processes.size).toBe(3)
      await arm.evict('cachewarmer-test', '0')
      await arm.evict('cachewarmer-test', '1', { notice: true })
      expect(ends).toEqual(['cachewarmer-test_0 SIGKILL', 'cachewarmer-test_1 7'])
      await world.clock.run(set.ensureDeleted())
      expect(ends).toHaveLength(processes.size)
    } finally {
      for (const child of processes.values()) child.kill('SIGKILL')
      await world[Symbol.asyncDispose]()
      await imds.close()
    }
  })
})
