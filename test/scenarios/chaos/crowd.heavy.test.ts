import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { expectWarmed, type Report } from '../../support/chaos.ts'
import { Lab, type MadeTree, makeTree } from '../../support/lab.ts'

interface Listed extends Report {
  readonly label?: string
  readonly messageId: string
  readonly state: string
}

describe('many jobs', { timeout: 300_000 }, () => {
  let lab: Lab
  let made: MadeTree
  beforeAll(() => {
    lab = new Lab()
    made = makeTree(lab.exportFolder, 4, 10)
  })
  afterAll(() => lab[Symbol.asyncDispose]())

  const message = (label: string): string =>
    JSON.stringify({
      JobId: label,
      WarmTargetMountAddresses: lab.addresses,
      WarmTargetExportPath: '/animation',
      WarmTargetPath: '/',
    })
  const ended = async (): Promise<Listed[]> => {
    const { stdout } = await lab.run('submit', ['list', '--json'])
    return (JSON.parse(stdout) as Listed[]).filter(({ state }) => state === 'ended')
  }

  test('at once, a hundred, with bad messages in front and among them, are each warmed in full', async (context) => {
    const bad = ['{', '{"WarmTargetPath":"/../etc"}', 'AAAA', '{"v":99}', '[]']
    const good = Array.from({ length: 100 }, (_, at) => `crowd-${at}`)
    for (const body of bad) await lab.putRaw('labjob', body)
    for (const label of good) await lab.putRaw('labjob', message(label))
    for (const body of bad) await lab.putRaw('labjob', body)
    const manager = lab.startManager('--concurrency', '8')
    context.onTestFailed(() => console.log(manager.log()))
    await lab.eventually(async () => (await lab.depth('labjob')) === 0, 240_000)
    const reports = await ended()
    const warmed = reports.filter(({ label }) => label?.startsWith('crowd-'))
    expect(warmed.map(({ label }) => label ?? '').toSorted()).toEqual(good.toSorted())
    for (const report of warmed) expect(report).toMatchObject({ outcome: 'warmed', ...made, failures: { total: 0 } })
    expect(reports.filter(({ outcome }) => outcome === 'refused')).toHaveLength(2 * bad.length)
    const poison = (await lab.bodies('labpoison')).map((text) => (JSON.parse(text) as { message: string }).message)
    expect(poison.toSorted()).toEqual([...bad, ...bad].toSorted())
  })

  test('after them the next one is as good as the first', async () => {
    expectWarmed(await lab.submitAndWait('--path', '/'), made)
  })
})
