import { mkdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { options } from '../../scripts/options.ts'
import { benchFleet } from './fleet.ts'
import { benchList } from './list.ts'
import { benchGrowth, benchLocal, type LocalOptions } from './local.ts'
import { benchMemory } from './memory.ts'
import { nfsBenches } from './nfs.ts'
import type { NfsOptions } from './nfs-lab.ts'
import { benchNfslab } from './nfslab.ts'
import { benchPage } from './page.ts'
import { benchStartup } from './startup.ts'
import { benchSteer } from './steer.ts'
import { benchSwarm } from './swarm.ts'
import { benchVerify } from './verify.ts'
import { benchWalker } from './walker.ts'

const help = `Usage: npm run bench -- [local] [growth] [walker] [memory] [list] [verify] [fleet] [swarm] [nfs] [nfslab] [startup] [page] [steer] [options]

  local   the whole service on local folders, against find | xargs cat
  growth  files a second as one directory grows to a million entries; what the idle service costs
  walker  the walker alone on 22,000 local files, against fs.walk, p-limit and open
  memory  a walk over five million entries in memory
  fleet   how soon a scale set is asked for and let go, with Azurite and a resource manager on loopback
  list    ten million listed paths beside a walk over a million files
  verify  proof of warmth of 200,000 files behind 40 ms
  nfs     direct NFS against nfs-ganesha (as root, with Debian's nfs-ganesha and libnfs-utils), which is:
          nfs-small (behind several round trips), nfs-pinned, nfs-large, nfs-directory, nfs-job
  swarm   fleets of 1 to 1,000 workers in virtual time: items, calls of the queues and seconds
  page    the status page with 50 runs and 500 workers (with Debian's chromium)
  steer   how soon what people ask of a running job holds on all workers (as root, with Debian's nfs-ganesha)
  nfslab  the kernel's NFS server and client behind 40 ms, in the guest of CACHEWARMER_NFSLAB
  startup what the released programs take to start (after npm run package)

  --place DIR    where trees are made and kept (default: ${join(tmpdir(), 'cachewarmer-bench')})
  --rounds N     default 3
  --workers N    default 2
  --report DIR   where plots go (default: cachewarmer-report in the folder for temporary files)
  --round-trips LIST  of nfs-small, in ms (default: 0,0.2,5,40,100)
  --quick        a tenth of everything, to see that it works
`

const { values, positionals } = options('bench', {
  allowPositionals: true,
  options: {
    place: { type: 'string', default: join(tmpdir(), 'cachewarmer-bench') },
    rounds: { type: 'string', default: '3' },
    workers: { type: 'string', default: '2' },
    report: { type: 'string', default: join(tmpdir(), 'cachewarmer-report') },
    'round-trips': { type: 'string', default: '0,0.2,5,40,100' },
    quick: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

const local: LocalOptions = {
  place: values.place,
  rounds: Number(values.rounds),
  workers: Number(values.workers),
  quick: values.quick,
}

const nfs: NfsOptions = {
  place: values.place,
  report: values.report,
  rounds: Number(values.rounds),
  roundTripsMs: values['round-trips'].split(',').map(Number),
  quick: values.quick,
}

const benches: Readonly<Record<string, () => Promise<void>>> = {
  local: () => benchLocal(local),
  growth: () => benchGrowth(local),
  walker: async () => benchWalker(local),
  ...Object.fromEntries(Object.entries(nfsBenches).map(([name, bench]) => [name, () => bench(nfs)])),
  swarm: () => benchSwarm({ quick: values.quick }),
  fleet: () => benchFleet({ rounds: Number(values.rounds), quick: values.quick }),
  nfslab: async () => benchNfslab({ place: values.place, rounds: Number(values.rounds) }),
  startup: async () => benchStartup(Number(values.rounds) * 3),
  verify: () => benchVerify({ rounds: Number(values.rounds), quick: values.quick }),
  list: () => benchList({ workers: Number(values.workers), quick: values.quick }),
  steer: () => benchSteer({ rounds: Number(values.rounds), quick: values.quick }),
  page: () => benchPage(values.quick ? { secondsEach: 3 } : {}),
  memory: async () => benchMemory(values.quick ? 500_000 : 5_000_000),
}
const wanted =
  positionals.length === 0
    ? Object.keys(benches)
    : positionals.flatMap((name) => (name === 'nfs' ? Object.keys(nfsBenches) : [name]))
if (values.help || wanted.some((name) => benches[name] === undefined)) {
  console.log(help)
  process.exit(values.help ? 0 : 2)
}
mkdirSync(values.place, { recursive: true })
for (const name of wanted) await benches[name]?.()
