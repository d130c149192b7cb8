import { spawnSync } from 'node:child_process'

/** Whether a program can be run here. Says aloud what stays untested where it cannot. */
export function hasTool(program: string, untested: string): boolean {
  const found = spawnSync(program, ['--version'], { stdio: 'ignore' }).error === undefined
  if (!found) process.stderr.write(`SKIPPED: ${program} is not installed, so ${untested}\n`)
  return found
}
