import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { root } from '../support/repository.ts'

const run = promisify(execFile)
const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { packageManager: string }

/** Runs pnpm as the root scripts do. */
export const pnpm = (args: readonly string[], cwd: string): Promise<{ stdout: string }> =>
  run('npx', ['-y', packageManager, ...args], { cwd, encoding: 'utf8', maxBuffer: 1 << 26 })
