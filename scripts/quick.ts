import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { options } from './options.ts'

/*
 * What a change is looked at with while it is made: format, lint, types, and the light tests that import the changed files.
 * A change is what differs from main's last common commit, committed or not; on main itself, from the last commit.
 */

const git = (...args: string[]): string[] =>
  execFileSync('git', args, { encoding: 'utf8' })
    .split('\n')
    .filter((line) => line !== '')

function base(): string {
  for (const main of ['origin/main', 'main']) {
    const { status, stdout } = spawnSync('git', ['merge-base', 'HEAD', main], { encoding: 'utf8' })
    if (status === 0) return stdout.trim()
  }
  return 'HEAD'
}

function run(what: string, program: string, args: readonly string[]): void {
  const startedAtMs = performance.now()
  const { status } = spawnSync(program, args, { stdio: 'inherit' })
  console.log(
    `${what}: ${status === 0 ? 'good' : 'FAILED'}, ${((performance.now() - startedAtMs) / 1_000).toFixed(1)} s`,
  )
  if (status !== 0) process.exit(status ?? 1)
}

/** The vitest projects that the files belong to. */
const projectsOf = (files: readonly string[]): string[] => [
  ...new Set(
    files
      .map((file) => /^packages\/[^/]+\/|^test\//.exec(file)?.[0])
      .filter((folder) => folder !== undefined)
      .map((folder) => (JSON.parse(readFileSync(`${folder}package.json`, 'utf8')) as { name: string }).name),
  ),
]

options('quick', {})
const untracked = git('ls-files', '--others', '--exclude-standard')
const changed = [...git('diff', '--name-only', '--diff-filter=d', base()), ...untracked].filter((file) =>
  existsSync(file),
)
const sources = changed.filter((file) => /\.tsx?$/.test(file))
const projects = projectsOf(sources)
if (changed.length === 0) console.log('Nothing changed.')
else {
  run('format', 'biome', ['check', '--no-errors-on-unmatched', ...changed])
  if (sources.length > 0) run('lint', 'oxlint', ['--type-aware', '--deny-warnings', ...sources])
  run('layers', process.execPath, ['scripts/check-layers.ts'])
  run('types', 'turbo', ['run', 'build', 'typecheck', '--output-logs=errors-only'])
  if (projects.length > 0) {
    const chosen = projects.flatMap((name) => ['--project', name])
    run('tests', 'vitest', ['related', '--run', '--passWithNoTests', '--maxWorkers=2', ...chosen, ...sources])
  }
  if (changed.some((file) => file.endsWith('.md'))) run('documents', 'vitest', ['run', '--project', 'test', 'docs/'])
}
