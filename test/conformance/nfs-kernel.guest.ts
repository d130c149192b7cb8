import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  type DirectoryEntry,
  type FileHandle,
  isNfsError,
  type MountOptions,
  mountExport,
  type NfsExport,
  readRange,
} from '@cachewarmer/nfs'

/*
 * Runs inside nfslab's guest, next to the kernel's NFS server, and writes what it saw to $OUT/seen.json; nfs-kernel.heavy.test.ts
 * looks at that. There are a portmapper, several addresses, and exports as /etc/exports has them.
 */

const { ADDRESSES = '', EXPORT = '', OUT = '' } = process.env
const [host = ''] = ADDRESSES.split(',')
const wanted: MountOptions = { host, exportPath: EXPORT }

const exportAs = (settings: string): void => {
  execFileSync('exportfs', ['-ua'])
  execFileSync('exportfs', ['-o', `ro,no_root_squash,no_subtree_check,fsid=1,${settings}`, `*:${EXPORT}`])
}

/** Server calls so far, by procedure, as nfsstat counts them. */
const serverCalls = (): Record<string, number> => {
  const lines = execFileSync('nfsstat', ['-s', '-3', '-l'], { encoding: 'utf8' }).matchAll(
    /v3 server\s+(\w+):\s+(\d+)/g,
  )
  return Object.fromEntries([...lines].map(([, name = '', count]) => [name, Number(count)]))
}

async function codeOf(options: MountOptions): Promise<string> {
  try {
    await (await mountExport(options)).close()
    return 'mounted'
  } catch (error) {
    return isNfsError(error) ? error.code : String(error)
  }
}

/** The whole file; its digest. */
async function readFile(mounted: NfsExport, handle: FileHandle, size: bigint): Promise<string> {
  const into = Buffer.alloc(Number(size) + 1)
  for (let at = 0; ; ) {
    const { count, eof } = await mounted.read(handle, at, into.length - at, { into: into.subarray(at) })
    at += count
    if (eof) return createHash('sha256').update(into.subarray(0, at)).digest('hex')
  }
}

/** Everything below a directory, each file read to its end. */
async function readTree(mounted: NfsExport, path = ''): Promise<Record<string, string>> {
  const seen: Record<string, string> = {}
  for await (const page of mounted.list((await mounted.resolve(path)).handle)) {
    const visit = async ({ name, attributes, handle }: DirectoryEntry): Promise<void> => {
      const below = `${path}/${name}`
      if (attributes?.type === 'directory') Object.assign(seen, await readTree(mounted, below))
      else if (attributes !== undefined && handle !== undefined)
        seen[below] = await readFile(mounted, handle, attributes.size)
    }
    await Promise.all(page.entries.map(visit))
  }
  return seen
}

const mounted = await mountExport(wanted)
const { info, handleSpace } = mounted
const spaces = await Promise.all(
  ADDRESSES.split(',').map(async (address) => {
    await using one = await mountExport({ ...wanted, host: address })
    return one.handleSpace
  }),
)
const before = serverCalls()
const files = await readTree(mounted)
const after = serverCalls()
const calls = Object.fromEntries(Object.entries(after).map(([name, count]) => [name, count - (before[name] ?? 0)]))

let largestPage = 0
for await (const page of mounted.list((await mounted.resolve('/many')).handle))
  largestPage = Math.max(largestPage, page.entries.length)

// The filer goes away in the middle of a read, and comes back.
const { handle } = await mounted.resolve('/large')
const reading = readRange(mounted, handle, { inFlight: 2 })
await sleep(20)
execFileSync('nfslab-server', ['stop'])
await sleep(500)
execFileSync('nfslab-server', ['start'])
const { bytes: bytesAcrossRestart } = await reading
await mounted.close()

const wrongPath = await codeOf({ ...wanted, exportPath: '/nothing/here' })
const wrongHost = await codeOf({ ...wanted, host: '10.9.9.9', timeoutMs: 500, retries: 0 })
exportAs('secure')
const secure = { auto: await codeOf(wanted), never: await codeOf({ ...wanted, privilegedPort: 'never' }) }
exportAs('insecure,sec=krb5')
const kerberos = await codeOf(wanted)

const seen = {
  info,
  handleSpace,
  spaces,
  files,
  calls,
  largestPage,
  bytesAcrossRestart,
  wrongPath,
  wrongHost,
  secure,
  kerberos,
}
writeFileSync(
  `${OUT}/seen.json`,
  JSON.stringify(seen, (_, value) => (typeof value === 'bigint' ? String(value) : value)),
)
