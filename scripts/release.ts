import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { options } from './options.ts'

/*
 * Publishes what changesets have given a new version, or shows with --dry-run what would be published: the packages, the
 * versions that they would get, and every file in them. Versions are written by `npm run changeset -- version`, in a
 * change of its own that people review.
 */
const root = dirname(dirname(fileURLToPath(import.meta.url)))
const help = `Usage: npm run release -- [--dry-run | --pack <folder>]

  --dry-run        show versions and files, publish nothing
  --pack <folder>  pack every package into a folder, for a job that publishes without building; publish nothing
`

interface Planned {
  readonly releases: readonly {
    readonly name: string
    readonly type: string
    readonly oldVersion: string
    readonly newVersion: string
  }[]
}

const { values } = options('release', {
  options: {
    'dry-run': { type: 'boolean', default: false },
    pack: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
})
if (values.help) process.stdout.write(help)
else if (values['dry-run']) dryRun()
else if (values.pack !== undefined) packAll(resolve(process.env['INIT_CWD'] ?? '.', values.pack))
else {
  // npm signs each package with the forge's identity, so that users can check who published it (publishConfig.provenance).
  run('changeset', ['publish'])
}

function dryRun(): void {
  const work = mkdtempSync(join(tmpdir(), 'cachewarmer-release-'))
  try {
    for (const { name, type, oldVersion, newVersion } of planned(work)) {
      const change = type === 'none' ? `${oldVersion}, unchanged` : `${oldVersion} -> ${newVersion} (${type})`
      process.stdout.write(`\n${name}  ${change}\n`)
      const files = packed(name, work)
      for (const file of files) process.stdout.write(`  ${file}\n`)
      process.stdout.write(`  ${files.length} files\n`)
    }
    process.stdout.write('\nNothing was published.\n')
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

function packAll(folder: string): void {
  mkdirSync(folder, { recursive: true })
  for (const { name, private: isPrivate } of manifests()) if (isPrivate !== true) packed(name, folder)
  process.stdout.write(`${readdirSync(folder).sort().join('\n')}\n`)
}

interface Manifest {
  readonly name: string
  readonly version: string
  readonly private?: boolean
}

function manifests(): Manifest[] {
  return readdirSync(join(root, 'packages')).map(
    (name) => JSON.parse(readFileSync(join(root, 'packages', name, 'package.json'), 'utf8')) as Manifest,
  )
}

/** What changesets say, with the packages that they leave alone. */
function planned(work: string): Planned['releases'] {
  const output = join(work, 'plan.json')
  const { status, stderr } = spawnSync('changeset', ['status', `--output=${output}`], { cwd: root, encoding: 'utf8' })
  if (status !== 0) process.stderr.write(`changeset status: ${stderr.trim()}\n`)
  const { releases } = status === 0 ? (JSON.parse(readFileSync(output, 'utf8')) as Planned) : { releases: [] }
  return manifests().map(
    ({ name, version }) =>
      releases.find((release) => release.name === name) ?? {
        name,
        type: 'none',
        oldVersion: version,
        newVersion: version,
      },
  )
}

function packed(name: string, work: string): string[] {
  const { stdout } = run('pnpm', ['--filter', name, 'pack', '--json', '--pack-destination', work], 'pipe')
  const { files } = JSON.parse(stdout.slice(stdout.indexOf('{'))) as { files: readonly { path: string }[] }
  return files.map(({ path }) => path).sort()
}

function run(program: string, args: readonly string[], stdio: 'inherit' | 'pipe' = 'inherit'): { stdout: string } {
  const { status, stdout, stderr, error } = spawnSync(program, args, { cwd: root, stdio, encoding: 'utf8' })
  if (status !== 0)
    throw new Error(`${program} ${args.join(' ')}: ${error?.message ?? stderr ?? `exit code ${status}`}`)
  return { stdout }
}
