import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Lab, makeTree, pause } from '../../support/lab.ts'
import { type Terminal, terminalMissing } from '../../support/terminal.ts'

const missing = terminalMissing()
if (missing !== undefined) console.log(`SKIPPED: watch on a terminal, because ${missing}`)

describe.skipIf(missing !== undefined)('watch on a terminal', { timeout: 240_000 }, () => {
  let lab: Lab
  beforeAll(() => {
    lab = new Lab()
    makeTree(lab.exportFolder, 10, 30)
    lab.startManager()
  })
  afterAll(() => lab[Symbol.asyncDispose]())

  /** A job that runs until the test ends it. */
  async function submit(label: string, addresses = lab.addresses): Promise<void> {
    const what = ['--addresses', addresses.join(','), '--export', '/animation', '--path', '/', '--job-id', label]
    expect(await lab.run('submit', [...what, '--max-requests-per-second', '10'])).toMatchObject({ code: 0 })
  }

  const watch = (labels: readonly string[], columns = 100, rows = 24): Terminal =>
    lab.onTerminal(['watch', ...labels], { columns, rows })
  const barOf = (name: string): RegExp => new RegExp(`^ *[█░]+ {2}${name}(?: |$)`)
  const shown = (terminal: Terminal, name: string): number =>
    terminal.screen.lines.filter((line) => barOf(name).test(line)).length

  test('draws a bar for each job and address in place, and leaves the reports alone behind', async () => {
    for (const label of ['night', 'day']) await submit(label)
    using terminal = watch(['night', 'day'])
    const names = ['night', 'day', 'cache-1', 'cache-2', 'cache-3']
    await lab.eventually(async () => names.every((name) => shown(terminal, name) > 0))
    for (const before = terminal.written.length; terminal.written.length < before + 3_000; await pause(100)) {
      // As many as there are, however often they were drawn.
      expect(terminal.screen.lines.filter((line) => /[█░]/.test(line))).toHaveLength(8)
    }
    for (const label of ['night', 'day']) await lab.told('change', label, '--max-requests-per-second', 'none')
    expect(await terminal.ended()).toBe(0)
    expect(terminal.screen.lines.join('\n')).toMatch(/^Warmed\..*Warmed\./s)
    expect(terminal.screen.lines.join('\n')).not.toMatch(/[█░]/)
    expect(terminal.screen).toMatchObject({ isAtRest: true, wrapped: false })
  })

  test('ends at Ctrl-C with nothing of the bars left, and the job continues', async () => {
    await submit('evening')
    using terminal = watch(['evening'])
    await lab.eventually(async () => shown(terminal, 'cache-3') > 0)
    terminal.interrupt()
    expect(await terminal.ended()).toBe(130)
    expect(terminal.screen.lines).toEqual(['Stopped watching; the job continues.'])
    expect(terminal.screen).toMatchObject({ isAtRest: true, wrapped: false })
    expect((await lab.run('submit', ['status', 'evening', '--json'])).stdout).toContain('"state":"running"')
  })

  test('ends with what went wrong where the job failed', async () => {
    await submit('nowhere', ['not-mounted'])
    using terminal = watch(['nowhere'])
    expect(await terminal.ended()).toBe(1)
    expect(terminal.screen.lines[0]).toMatch(/^Completed with 1 failure/)
    expect(terminal.screen.isAtRest).toBe(true)
  })

  test('has room on 40 columns and ten lines', async () => {
    for (const label of ['night-and-day-and-what-else-there-is', 'b', 'c']) await submit(label)
    using terminal = watch(['night-and-day-and-what-else-there-is', 'b', 'c'], 40, 10)
    await lab.eventually(async () => ['night-….*', 'b', 'c'].every((name) => shown(terminal, name) > 0))
    const all = terminal.screen.lines
    expect(all.filter((line) => /[█░]/.test(line))).toHaveLength(3)
    for (const line of all) expect(line).toMatch(/ files/)
    terminal.interrupt()
    expect(await terminal.ended()).toBe(130)
    expect(terminal.screen).toMatchObject({ isAtRest: true, wrapped: false })
  })
})
