// The one entry of every root script. It needs only Node 20 and npm: it brings pnpm, the pinned Node and all packages,
// then runs what was asked with them. Plain JavaScript without imports of ours, because it runs before anything is built.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
const env = { ...process.env, TURBO_TELEMETRY_DISABLED: '1', DO_NOT_TRACK: '1' }
const callerFolder = process.env.INIT_CWD ?? process.cwd()

/** Says what does not run here before anything is installed; docs/operators/platforms.md has the whole table. */
function checkPlatform() {
  const where = 'docs/operators/platforms.md says what runs where'
  const refuse = (text) => {
    process.stderr.write(`${text}; ${where}\n`)
    process.exit(2)
  }
  if (process.platform === 'win32') refuse('Windows: expected WSL 2, which is Linux')
  // The pinned Node comes with the packages for Linux with glibc alone.
  const isPinned = process.platform === 'linux' && process.report.getReport().header.glibcVersionRuntime !== undefined
  const [major, minor] = process.versions.node.split('.').map(Number)
  if (!isPinned && (major < 22 || (major === 22 && minor < 18)))
    refuse(`Node ${process.versions.node}: expected 22.18 or newer on this system`)
}
checkPlatform()

/** Runs a program to its end; quiet ones show their output only when they fail. */
function run(program, args, { quiet = false, cwd = root } = {}) {
  const { status, signal, stdout, stderr, error } = spawnSync(program, args, {
    cwd,
    env,
    stdio: quiet ? ['ignore', 'pipe', 'pipe'] : 'inherit',
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  })
  if (status === 0) return
  if (quiet) process.stderr.write(`${stdout ?? ''}${stderr ?? ''}`)
  if (error) process.stderr.write(`${program}: ${error.message}\n`)
  process.exit(status ?? (signal === 'SIGINT' ? 130 : 1))
}

const pnpm = (args, options) => run('npx', ['-y', packageManager, ...args], options)
/** The pinned Node if it came with the packages (Linux), else the caller's own. */
const node = (args, options) => run('npx', ['-y', packageManager, 'exec', 'node', ...args], options)

const install = () => pnpm(['install', '--frozen-lockfile', '--prefer-offline'], { quiet: true })
const build = () => pnpm(['exec', 'turbo', 'run', 'build', '--output-logs=errors-only'], { quiet: true })

/** One tier of the tests (scripts/tiers.ts). Two files at a time, as most of them wait; projects take no number from the root's settings. */
function vitest(tier, args) {
  env.CACHEWARMER_TIER = tier
  pnpm(['exec', 'vitest', 'run', '--maxWorkers=2', ...args])
}

const nodeMajor = Number(process.versions.node.split('.')[0])
const libraries = () =>
  ['core', 'queue', 'nfs', 'walker', 'vmss'].flatMap((name) => ['--project', `@cachewarmer/${name}`])

const [task, ...args] = process.argv.slice(2)
const note = (text) => process.stderr.isTTY && process.stderr.write(text)
note('Installing and building (the first time takes about half a minute) ...')
install()
if (task !== undefined && !['exec', 'turbo', 'quick', 'commits', 'audit'].includes(task)) build()
note('\r\u001b[K')

switch (task) {
  case undefined:
    break
  case 'warm':
    node([join(root, 'packages/manager-bin/dist/bin.js'), 'warm', ...args], { cwd: callerFolder })
    break
  case 'quick':
    node(['scripts/quick.ts', ...args])
    break
  case 'test':
    vitest('light', args)
    break
  case 'test:all':
    vitest('heavy', args)
    break
  case 'test:here':
    // The Node that runs this script instead of the pinned one. Below 24 the libraries alone: programs ask for more.
    env.CACHEWARMER_TIER = 'light'
    run(process.execPath, [
      join(root, 'node_modules/vitest/vitest.mjs'),
      'run',
      ...(nodeMajor < 24 ? libraries() : []),
      ...args,
    ])
    break
  case 'lint':
    pnpm(['exec', 'biome', 'check', '.'])
    pnpm(['exec', 'oxlint', '--type-aware', '--deny-warnings'])
    pnpm(['exec', 'knip'])
    node(['scripts/check-layers.ts'])
    node(['scripts/licences.ts'])
    break
  case 'commits':
    node(['scripts/check-commits.ts', ...args])
    break
  case 'licences':
    node(['scripts/licences.ts', ...args])
    break
  case 'audit':
    node(['scripts/audit.ts'])
    break
  case 'fuzz':
    node([join(root, 'test/fuzz/main.ts'), ...args])
    break
  case 'soak':
    node([join(root, 'test/soak/main.ts'), ...args])
    break
  case 'api':
    node([join(root, 'scripts/api-report.ts'), ...args])
    break
  case 'release':
    node([join(root, 'scripts/release.ts'), ...args])
    break
  case 'package':
    node([join(root, 'packaging/src/main.ts'), ...args])
    break
  case 'docs:api':
    pnpm(['--filter', 'docs', 'run', 'api', ...args])
    break
  case 'bench':
    node([join(root, 'bench/src/main.ts'), ...args])
    break
  default:
    pnpm([...(task === 'exec' || task === 'turbo' ? ['exec'] : []), ...(task === 'exec' ? [] : [task]), ...args])
}
