import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { workerNodeOptions } from '@cachewarmer/service/cli/worker-node-options'
import { median, printTable } from './table.ts'

const release = fileURLToPath(new URL('../../packaging/dist/', import.meta.url))
const roles = ['serve', 'worker', 'submit'] as const

/** How long the released program takes in each role from start to end when there is nothing to do, next to Node itself. */
export function benchStartup(rounds: number): void {
  if (!existsSync(join(release, 'SHA256SUMS'))) throw new Error('nothing is released: npm run package')
  const commands: readonly (readonly string[])[] = [
    [process.execPath, '-e', '0'],
    ...roles.flatMap((role) => [
      [join(release, 'cachewarmer'), role, '--help'],
      [process.execPath, ...workerNodeOptions, join(release, 'cachewarmer.mjs'), role, '--help'],
    ]),
  ]
  const times = commands.map((): number[] => [])
  // In turn, so that what else the machine does falls on all alike.
  for (let round = 0; round < rounds; round += 1) {
    for (const [at, [file = '', ...args]] of commands.entries()) {
      const began = performance.now()
      const { status } = spawnSync(file, args, { stdio: 'ignore' })
      if (status !== 0) throw new Error(`${file} ended with ${status}`)
      times[at]?.push(performance.now() - began)
    }
  }
  const rows = commands.map((command, at) => {
    const shown = command.map((word) => word.replace(/^.*\//, '')).join(' ')
    const taken = times[at] ?? []
    return [shown, ms(median(taken)), ms(Math.min(...taken)), ms(Math.max(...taken))]
  })
  printTable('What a program takes from start to end', ['command', 'median', 'least', 'most'], rows)
}

const ms = (value: number): string => `${(value / 1_000).toFixed(3)} s`
