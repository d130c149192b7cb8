import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { root } from './repository.ts'

const folder = join(root, 'node_modules/.cache/nodes')

/** The program of another version of Node, installed from the registry once; undefined where there is none. */
export async function nodeOf(version: string): Promise<string | undefined> {
  const name = `node-${process.platform}-${process.arch}`
  const own = join(folder, version)
  const program = join(own, 'node_modules', name, 'bin/node')
  if (existsSync(program)) return program
  const quiet = ['--no-audit', '--no-fund', '--ignore-scripts', '--no-save', '--force']
  try {
    await promisify(execFile)('npm', ['install', '--prefix', own, ...quiet, `${name}@${version}`], { timeout: 120_000 })
  } catch {
    return undefined
  }
  return existsSync(program) ? program : undefined
}
