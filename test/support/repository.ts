import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The repository's root folder. */
export const root: string = dirname(dirname(dirname(fileURLToPath(import.meta.url))))

/** Paths of the repository's files, relative to the root, also of those that are not committed yet. */
export function repositoryFiles(...patterns: readonly string[]): string[] {
  const args = [
    '-c',
    'safe.directory=*',
    'ls-files',
    '--cached',
    '--others',
    '--exclude-standard',
    '--deduplicate',
    '--',
  ]
  return execFileSync('git', [...args, ...patterns], { cwd: root, encoding: 'utf8' })
    .split('\n')
    .filter(Boolean)
}

export const readText = (path: string): string => readFileSync(join(root, path), 'utf8')

/** The scripts that `npm run NAME` finds at the root. */
export const rootScripts: ReadonlySet<string> = new Set(
  Object.keys((JSON.parse(readText('package.json')) as { scripts: Record<string, string> }).scripts),
)
