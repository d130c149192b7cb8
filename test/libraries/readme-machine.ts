import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { dirname, join } from 'node:path'
import { directory, file, startNfsServer, type TreeDirectory } from '@cachewarmer/nfs/testing'
import { examples, type Run } from './packages.ts'

/*
 * The machine that READMEs speak of: in a network and a mount namespace of its own, with the addresses, exports and mounted
 * folders that examples name. Runs every example there, in the folder of a project that has the packages installed:
 *
 *   unshare --net --mount node test/libraries/readme-machine.ts PROJECT
 */
const [project = ''] = process.argv.slice(2)

const root = (program: string, ...args: string[]): void => void execFileSync(program, args, { stdio: 'inherit' })
const bare = (path: string): void => root('mount', '-t', 'tmpfs', 'tmpfs', path)

root('ip', 'link', 'set', 'lo', 'up')
bare('/mnt')
bare('/var/lib')
mkdirSync('/var/lib/cachewarmer')
const hosts = join(project, 'hosts')
writeFileSync(hosts, `${readFileSync('/etc/hosts', 'utf8')}\n10.0.1.11 filer\n`)
root('mount', '--bind', hosts, '/etc/hosts')

const scene = { 'a.exr': file('a'.repeat(5_000)), 'camera.xml': file('<camera/> through') }
const exports: readonly (readonly [string, string, TreeDirectory])[] = [
  ...['10.0.1.11', '10.0.1.12'].map((host) => [host, '/animation', directory({ scene1: directory(scene) })] as const),
  ...['10.0.0.4', '10.0.0.5', '10.0.0.6'].map((host) => [host, '/scenes', directory(scene)] as const),
]
for (const [host, exportPath, tree] of exports) {
  root('ip', 'address', 'add', `${host}/32`, 'dev', 'lo')
  const { portmapPort } = await startNfsServer({ tree, host, exportPath })
  const portmap = createServer((from) => from.pipe(connect(portmapPort, host)).pipe(from)).listen(111, host)
  await once(portmap, 'listening')
}
for (const folder of ['cache-1/scenes/shot-7', 'cache-2/scenes/shot-7', 'cache-1/data/scene1', 'cache-2/data/scene1'])
  for (const name of ['a.exr', 'b.exr']) put(join('/mnt', folder, name))
for (const host of ['10.0.1.11', '10.0.1.12']) put(`/mnt/${host}/animation/scene1/a.exr`)

function put(path: string): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, 'x'.repeat(100))
  utimesSync(path, 1, 1)
}

interface Running {
  readonly ended: Promise<{ readonly code: number | null; readonly said: string }>
  readonly stop: () => void
}

/** Starts an example in a folder of its own; `onSaid` is called once it says what is expected of it. */
function start(id: string, says: RegExp, onSaid: () => void): Running {
  const folder = join(project, 'run', id)
  mkdirSync(folder, { recursive: true })
  const child = spawn(process.execPath, [join(project, 'readme', `${id}.ts`)], {
    cwd: folder,
    env: {
      PATH: `${project}/node_modules/.bin:${dirname(process.execPath)}:/usr/bin:/bin`,
      CACHEWARMER_QUEUE: 'sqlite:/var/lib/cachewarmer/queue.db',
      QUEUE_PREFIX: 'studio',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 60_000,
  })
  let said = ''
  let heard = false
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      said += text
      if (heard || !says.test(said)) return
      // Once: a second SIGTERM would end a program that is ending.
      heard = true
      onSaid()
    })
  const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, said }))
  return { ended, stop: () => child.kill('SIGTERM') }
}

const runs = examples.filter((example): example is typeof example & { run: Run } => typeof example.run !== 'string')
const running = new Map<string, Running>()
for (const { id, run } of runs)
  running.set(
    id,
    start(id, run.says, () => {
      if (run.until === 'said') running.get(id)?.stop()
    }),
  )
for (const { id, run } of runs) {
  if (run.until === undefined || run.until === 'said') continue
  const others = run.until.map(async (other) => running.get(other)?.ended)
  void Promise.all(others).then(() => running.get(id)?.stop())
}
const seen = await Promise.all(runs.map(async ({ id }) => ({ id, ...(await running.get(id)?.ended) })))
console.log(`@@${JSON.stringify(seen)}`)
process.exit()
