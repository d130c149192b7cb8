import { jukeboxPolicy } from './jukebox.ts'
import type { MountSettings } from './options.ts'
import type { Credential } from './rpc/auth.ts'
import { Connection } from './rpc/connection.ts'
import { openSocket } from './rpc/socket.ts'
import type { Target } from './rpc/target.ts'
import { StatsCollector } from './stats.ts'

interface Service {
  readonly program: number
  readonly version: number
  readonly port: number
  /** Default: the user that the options name. */
  readonly credential?: Credential
  /** The server has answered on another connection to this service. Default false. */
  readonly known?: boolean
  /** Default: nobody counts. */
  readonly collector?: StatsCollector
}

/** Makes a connection to one service of the server; it is opened by its first call. */
export type Dial = (service: Service) => Connection

/** Around the data of the largest reply: headers, attributes, and what a server that counts differently may add. */
const RECORD_SLACK = 65_536

/** Connections to the services of one server, all from privileged source ports or all from ordinary ones. */
export function dialer(
  settings: MountSettings,
  target: Target,
  privileged: boolean,
): { readonly dial: Dial; readonly hangUp: () => void } {
  const { host, exportPath, random, clock, lingerMs } = settings
  const dialed: Connection[] = []
  const dial: Dial = ({ program, version, port, credential, known, collector }) => {
    const connection = new Connection({
      openLink: openSocket({ target, port, privileged, random, lingerMs, clock }),
      clock,
      random,
      program,
      version,
      credential: credential ?? userOf(settings),
      timeoutMs: settings.timeoutMs,
      retries: settings.retries,
      maxRecordBytes: 2 * Math.max(settings.maxReadBytes, settings.maxPageBytes) + RECORD_SLACK,
      postpone: jukeboxPolicy(settings.jukeboxMs, random),
      known: known ?? false,
      observer: collector ?? new StatsCollector(),
      where: { host: `${host}:${port}`, exportPath },
    })
    dialed.push(connection)
    return connection
  }
  const hangUp = (): void => {
    for (const connection of dialed) connection.close()
  }
  return { dial, hangUp }
}

export const userOf = ({ machineName, uid, gid, gids }: MountSettings): Credential => ({
  flavor: 'sys',
  machineName,
  uid,
  gid,
  gids,
})
