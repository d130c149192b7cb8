import { mkdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { benchGrowth, benchLocal, type LocalOptions } from './local.ts'
import { benchMemory } from './memory.ts'
import { benchNfs } from './nfs.ts'
import { benchNfslab } from './nfslab.ts'
import { benchStartup } from './startup.ts'

const help = `Usage: npm run bench -- [local] [growth] [memory] [nfs] [nfslab] [startup] [options]

  local   the whole service on local folders, against find | xargs cat
  growth  files a second as one directory grows to a million entries; what the idle service costs
  memory  a walk over five million entries in memory
  nfs     direct NFS against nfs-ganesha behind 0, 5, 40 and 100 ms (as root, with Debian's nfs-ganesha)
  nfslab  the kernel's NFS server and client behind 40 ms, in the guest of CACHEWARMER_NFSLAB
  startup what the released programs take to start (after npm run package)

  --place DIR    where trees are made and kept (default: ${join(tmpdir(), 'cachewarmer-bench')})
  --rounds N     default 3
  --workers N    default 2
  --quick        a tenth of everything, to see that it works
`

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    place: { type: 'string', default: join(tmpdir(), 'cachewarmer-bench') },
    rounds: { type: 'string', default: '3' },
    workers: { type: 'string', default: '2' },
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

const benches: Readonly<Record<string, () => Promise<void>>> = {
  local: () => benchLocal(local),
  growth: () => benchGrowth(local),
  nfs: () => benchNfs({ place: values.place, rounds: Number(values.rounds), quick: values.quick }),
  nfslab: async () => benchNfslab({ place: values.place, rounds: Number(values.rounds) }),
  startup: async () => benchStartup(Number(values.rounds) * 3),
  memory: async () => benchMemory(values.quick ? 500_000 : 5_000_000),
}
const wanted = positionals.length === 0 ? Object.keys(benches) : positionals
if (values.help || wanted.some((name) => benches[name] === undefined)) {
  console.log(help)
  process.exit(values.help ? 0 : 2)
}
mkdirSync(values.place, { recursive: true })
for (const name of wanted) await benches[name]?.()
