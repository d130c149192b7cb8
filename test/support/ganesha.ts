import { type ChildProcess, spawn } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { isNfsError, type MountOptions, mountExport } from '@cachewarmer/nfs'

export interface GaneshaOptions {
  /** The folder to serve, an absolute path: it is the export's path, too. */
  readonly folder: string
  /** Lines for the configuration's EXPORT block, such as `SecType = krb5;`. */
  readonly exportSettings?: readonly string[]
  /** The version of NFS that it speaks. With 4 nothing listens at the port of MOUNT. Default 3. */
  readonly version?: 3 | 4
  /** Lines for its NFS_Core_Param block. */
  readonly coreSettings?: readonly string[]
  /** Lines for its MDCACHE block: what it keeps of the files that it served. */
  readonly cacheSettings?: readonly string[]
  /** Default: free ones. */
  readonly nfsPort?: number
  readonly mountPort?: number
}

/** A server of its own, at every loopback address: 127.0.0.11, 127.0.0.12, ... are as many addresses of one export. */
export interface Ganesha {
  readonly exportPath: string
  readonly nfsPort: number
  readonly mountPort: number
  /** Its process, another one after `restart`. */
  readonly pid: number
  /** Kills the server, as a crash would. */
  kill(): Promise<void>
  /** Starts it again at the same ports, handles and all. */
  restart(): Promise<void>
  /** Ends it and removes what it wrote. */
  stop(): Promise<void>
}

const startMs = 60_000

/** Why `startGanesha` can't work here, to be said aloud; undefined where it can. */
export function ganeshaMissing(): string | undefined {
  if (onPath('ganesha.nfsd') === undefined) return 'nfs-ganesha is not installed'
  if (onPath('unshare') === undefined || onPath('setpriv') === undefined) return 'util-linux is not installed'
  // Ganesha opens files by handle, which takes CAP_DAC_READ_SEARCH.
  return process.getuid?.() === 0 ? undefined : 'nfs-ganesha needs root'
}

/**
 * Starts nfs-ganesha for a folder; undefined where it is not installed or not allowed. Throws, with its log, when it does not
 * start.
 */
export async function startGanesha(options: GaneshaOptions): Promise<Ganesha | undefined> {
  if (ganeshaMissing() !== undefined) return undefined
  const work = await mkdtemp(join(tmpdir(), 'ganesha-'))
  const nfsPort = options.nfsPort ?? (await freePort())
  const mountPort = options.mountPort ?? (await freePort())
  await mkdir(join(work, 'run'))
  await writeFile(join(work, 'ganesha.conf'), configuration(options, nfsPort, mountPort))
  const rpcbind = await startRegistrar(join(work, 'run', 'rpcbind.sock'))
  let server: ChildProcess | undefined
  const kill = async (): Promise<void> => {
    if (server === undefined || server.exitCode !== null || server.signalCode !== null) return
    const gone = new Promise<void>((resolve) => server?.once('exit', () => resolve()))
    server.kill('SIGKILL')
    await gone
  }
  const restart = async (): Promise<void> => {
    server = launch(work)
    const ports = options.version === 4 ? { nfsPort, portmapPort: mountPort } : { nfsPort, mountPort }
    await ready(server, { exportPath: options.folder, ...ports }, join(work, 'ganesha.log'))
  }
  const stop = async (): Promise<void> => {
    await kill()
    rpcbind.close()
    await rm(work, { recursive: true, force: true })
  }
  try {
    await restart()
  } catch (error) {
    await stop()
    throw error
  }
  return {
    exportPath: options.folder,
    nfsPort,
    mountPort,
    get pid() {
      return server?.pid ?? 0
    },
    kill,
    restart,
    stop,
  }
}

function configuration(
  { folder, version = 3, exportSettings = [], coreSettings = [], cacheSettings = [] }: GaneshaOptions,
  nfsPort: number,
  mountPort: number,
): string {
  return `
NFS_Core_Param {
  Protocols = ${version}; NFS_Port = ${nfsPort}; MNT_Port = ${mountPort};
  Enable_NLM = false; Enable_RQUOTA = false; Enable_UDP = none;
  ${coreSettings.join(' ')}
}
MDCACHE { ${cacheSettings.join(' ')} }
NFSv4 { Graceless = true; }
LOG { Default_Log_Level = EVENT; }
EXPORT {
  Export_Id = 1; Path = "${folder}"; Pseudo = "/"; Access_Type = RO; Squash = No_Root_Squash;
  ${exportSettings.some((line) => line.startsWith('SecType')) ? '' : 'SecType = sys;'}
  ${exportSettings.some((line) => line.startsWith('PrivilegedPort')) ? '' : 'PrivilegedPort = false;'}
  ${exportSettings.join(' ')}
  FSAL { Name = VFS; }
}
`
}

/**
 * Ganesha ends if it can't register its ports: it sees a /run of its own, in which a stand-in for rpcbind says yes. It is
 * killed when this process ends, however that happens: a test that is killed itself leaves no server behind.
 */
function launch(work: string): ChildProcess {
  const files = ['-f', join(work, 'ganesha.conf'), '-L', join(work, 'ganesha.log'), '-p', join(work, 'ganesha.pid')]
  const script = 'mount --bind "$1" /run && shift && exec "$@"'
  const command = ['sh', '-c', script, 'sh', join(work, 'run'), 'ganesha.nfsd', '-F', ...files]
  const ownRun = ['unshare', '--mount', '--propagation', 'private']
  return spawn('setpriv', ['--pdeathsig', 'KILL', ...ownRun, ...command], { stdio: 'ignore' })
}

/** Answers every call to rpcbind with "true": ganesha calls nothing but SET and UNSET (RFC 1833). */
async function startRegistrar(path: string): Promise<Server> {
  const server = createServer(answerTrue)
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(path, resolve))
  return server
}

function answerTrue(socket: Socket): void {
  let received = Buffer.alloc(0)
  socket.on('error', () => socket.destroy())
  socket.on('data', (chunk) => {
    received = Buffer.concat([received, chunk])
    while (received.length >= 8) {
      const bytes = received.readUInt32BE(0) & 0x7fff_ffff
      if (received.length < 4 + bytes) return
      // A record's mark (last fragment), xid, REPLY, accepted, no verifier (two words), SUCCESS, true: RFC 5531.
      const words = [0x8000_001c, received.readUInt32BE(4), 1, 0, 0, 0, 0, 1]
      const reply = Buffer.alloc(4 * words.length)
      for (const [at, word] of words.entries()) reply.writeUInt32BE(word, 4 * at)
      socket.write(reply)
      received = received.subarray(4 + bytes)
    }
  })
}

async function ready(
  server: ChildProcess,
  where: Pick<MountOptions, 'exportPath' | 'nfsPort' | 'mountPort' | 'portmapPort'>,
  log: string,
): Promise<void> {
  const until = performance.now() + startMs
  for (;;) {
    try {
      const mounted = await mountExport({ host: '127.0.0.1', ...where, timeoutMs: 2_000, retries: 0 })
      await mounted.close()
      return
    } catch (error) {
      // A refusal by the export itself is an answer, too.
      if (isNfsError(error) && !['REFUSED', 'TIMEOUT'].includes(error.code)) return
      if (server.exitCode === null && server.signalCode === null && performance.now() < until) await sleep(50)
      else
        throw new Error(`nfs-ganesha did not start:\n${await readFile(log, 'utf8').catch(() => '(no log)')}`, {
          cause: error,
        })
    }
  }
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  return typeof address === 'object' && address !== null ? address.port : 0
}

function onPath(program: string): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin']
  return folders
    .map((folder) => join(folder, program))
    .find((file) => {
      try {
        accessSync(file, constants.X_OK)
        return true
      } catch {
        return false
      }
    })
}
