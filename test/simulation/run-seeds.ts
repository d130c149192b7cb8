import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect } from 'vitest'

/** Runs seeds as a program of its own, which uses all cores; fails with what it printed where a seed breaks something. */
export async function runSeeds(of: { first: number; last: number; also?: readonly number[] }): Promise<string> {
  const { first, last, also = [] } = of
  const args = [join(import.meta.dirname, 'main.ts'), String(first), String(last), '--also', also.join(',')]
  const run = promisify(execFile)(process.execPath, args, { maxBuffer: 64 * 1024 * 1024 })
  const { stdout } = await run.catch((error: { stdout: string; message: string }) => {
    throw new Error(error.stdout === '' ? error.message : error.stdout)
  })
  expect(stdout).toContain(`${last - first + 1 + also.length} seeds (${first} to ${last}`)
  expect(stdout).toContain(' 0 with violations')
  return stdout
}
