import { describe, expect, test, vi } from 'vitest'
import { type ManagerActions, runCommandLine } from './command-line.ts'

/** What a command line asks for. */
async function asked(...argv: string[]) {
  const serve = vi.fn<ManagerActions['serve']>().mockResolvedValue(4)
  const plan = vi.fn<ManagerActions['plan']>().mockResolvedValue(6)
  const warm = vi.fn<ManagerActions['warm']>().mockResolvedValue(5)
  const bootstrap = vi.fn<ManagerActions['bootstrap']>().mockResolvedValue(7)
  const code = await runCommandLine(argv, '1.2.3', { serve, plan, warm, bootstrap })
  const calls = { plan: plan.mock.calls, warm: warm.mock.calls, bootstrap: bootstrap.mock.calls }
  return { code, serve: serve.mock.calls, ...calls }
}

const words = (line: string): string[] => line.split(' ')

describe('the command line', () => {
  test('serves by default, with defaults for everything but the queue', async () => {
    const { code, serve, warm } = await asked('--queue', 'sqlite:q.db', '--queue-name-prefix', 'studio')
    expect({ code, warm }).toEqual({ code: 4, warm: [] })
    expect(serve).toEqual([
      [
        expect.objectContaining({
          queue: expect.objectContaining({ queue: 'sqlite:q.db', queueNamePrefix: 'studio' }),
          fleet: 'local',
          workers: 4,
          access: expect.objectContaining({ nfsConnections: 1 }),
          job: { idleMs: 20_000, leaseMs: 60_000, stalledAfterMs: 1_800_000, keepDays: 7 },
        }),
      ],
    ])
  })

  test('keeps what has ended for as many days as the option says', async () => {
    const { serve } = await asked(...words('--queue sqlite:q.db --queue-name-prefix studio --keep-days 90'))
    expect(serve[0]?.[0].job.keepDays).toBe(90)
  })

  test("means what it meant in the original's spelling", async () => {
    const { serve } = await asked(
      ...words(
        '-storageAccountName studiocache -queueNamePrefix studio -storageAccountResourceGroup rg -workerCount 12',
      ),
      ...words('-bootstrapMountAddress 10.0.0.1 -bootstrapExportPath /boot -bootstrapScriptPath /boot/worker.sh'),
      ...words('-vmssUserName azureuser -vmssSshPublicKey ssh-rsa-AAAA -vmssSubnetName=cache -enableDebugging'),
    )
    expect(serve).toEqual([
      [
        expect.objectContaining({
          queue: expect.objectContaining({ storageAccountName: 'studiocache', queueNamePrefix: 'studio' }),
          fleet: 'vmss',
          azure: expect.objectContaining({
            bootstrapMountAddress: '10.0.0.1',
            bootstrapExportPath: '/boot',
            bootstrapScriptPath: '/boot/worker.sh',
            vmssUserName: 'azureuser',
            vmssSshPublicKey: 'ssh-rsa-AAAA',
            vmssSubnetName: 'cache',
          }),
          workers: 12,
          debug: true,
        }),
      ],
    ])
  })

  test.each([
    ['a local fleet of 4', '', { fleet: 'local', workers: 4 }],
    ['a scale set of 12 where it is named', '--fleet vmss', { fleet: 'vmss', workers: 12 }],
    ['a scale set where options of its machines are given', '-vmssUserName artist', { fleet: 'vmss', workers: 12 }],
    ['what is named, even with options of machines', '--fleet none -vmssUserName artist', { fleet: 'none' }],
  ])('means %s', async (_, line, expected) => {
    const { serve } = await asked(...words(line).filter((word) => word !== ''))
    expect(serve).toEqual([[expect.objectContaining(expected)]])
  })

  test('plans a scale set by default, with the options of serve', async () => {
    const { code, plan } = await asked(
      ...words('plan --vmss-sizes Standard_D2s_v3,Standard_D2s_v5 --vmss-tag a=b --vmss-tag c=d=e --json'),
    )
    expect(code).toBe(6)
    expect(plan[0]?.[0]).toMatchObject({
      fleet: 'vmss',
      workers: 12,
      azure: { vmssSizes: ['Standard_D2s_v3', 'Standard_D2s_v5'], vmssTag: { a: 'b', c: 'd=e' } },
      json: true,
    })
  })

  test('warms folders, with patterns by comma or repeated', async () => {
    const { code, serve, warm } = await asked(
      ...words('warm /a /b --include *.exr,*.tx --include *.abc --exclude *.tmp --max-file-size-bytes 1000 --json'),
    )
    expect({ code, serve }).toEqual({ code: 5, serve: [] })
    expect(warm[0]?.[0]).toEqual(['/a', '/b'])
    expect(warm[0]?.[1]).toMatchObject({
      include: ['*.exr', '*.tx', '*.abc'],
      exclude: ['*.tmp'],
      maxFileSizeBytes: 1_000,
      json: true,
      workers: 2,
    })
  })

  test('warms what lists, rules and manifests say, which decide on the mode where no option does', async () => {
    const { warm } = await asked(
      ...words('warm --mount /m --files-from - --null --rules r --manifest m.json --export /animation'),
    )
    expect(warm[0]?.[1]).toMatchObject({
      filesFrom: '-',
      null: true,
      rules: 'r',
      manifest: 'm.json',
      export: '/animation',
    })
    expect(warm[0]?.[1]).not.toHaveProperty('mode')
  })

  test('takes each --mount as it is, commas included', async () => {
    const { warm } = await asked('warm', '--mount', '/mnt/a,b', '--mount', '/mnt/c', '/scene1')
    expect(warm[0]?.[1].mount).toEqual(['/mnt/a,b', '/mnt/c'])
  })
})
