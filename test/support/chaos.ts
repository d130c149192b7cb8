import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import type { Finished, Lab, MadeTree } from './lab.ts'

export interface Report {
  readonly outcome: string
  readonly files: number
  readonly bytes: number
  readonly directories: number
  readonly failures: { readonly total: number; readonly byCode: Readonly<Record<string, number>> }
}

/** The last line of what `submit --wait --json` wrote. */
export function reportOf({ code, stdout, stderr }: Finished): Report {
  const line = stdout.trim().split('\n').at(-1) ?? ''
  if (line === '') throw new Error(`no report, exit code ${code}: ${stderr}`)
  return JSON.parse(line) as Report
}

/** A ceiling makes the job last long enough for something to happen in its middle, however fast the disk is. */
export function submitSlowly(
  lab: Lab,
  requestsPerSecond: number,
  {
    addresses = lab.addresses,
    exportPath = '/animation',
    path = '/',
  }: { addresses?: readonly string[]; exportPath?: string; path?: string } = {},
): Promise<Finished> {
  const file = join(lab.folder, 'job.json')
  const wish = {
    WarmTargetMountAddresses: addresses,
    WarmTargetExportPath: exportPath,
    WarmTargetPath: path,
    MaxRequestsPerSecond: requestsPerSecond,
  }
  writeFileSync(file, JSON.stringify(wish))
  return lab.run('submit', ['--job', file, '--wait', '--json'])
}

/** Every file once: nothing lost, nothing counted twice, nothing failed. */
export function expectWarmed(finished: Finished, made: MadeTree): void {
  const { files, bytes, directories } = made
  expect({ code: finished.code, stderr: finished.stderr, report: reportOf(finished) }).toMatchObject({
    code: 0,
    report: { outcome: 'warmed', files, bytes, directories, failures: { total: 0 } },
  })
}

/** The seed of a test's choices; a failing run names it, and `CHAOS_SEED` repeats it. */
export const chaosSeed = (given: number): number => Number(process.env['CHAOS_SEED'] ?? given)

/** The long variants, which CI leaves out: `CHAOS=long npm test -- --project test chaos`. */
export const chaosIsLong = process.env['CHAOS'] === 'long'
