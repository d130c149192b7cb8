import { StatsCollector } from '../client/stats.ts'
import type { NfsError } from '../errors.ts'
import { Connection } from '../rpc/connection.ts'
import { openSocket } from '../rpc/link.ts'
import type { Credential } from '../rpc/message.ts'
import type { Target } from '../rpc/target.ts'
import type { MountSettings } from './options.ts'

const firstWaitMs = 100
const maxWaitMs = 5_000

/**
 * How long to wait before a call is made again that the server answered with NFS3ERR_JUKEBOX ("I'm fetching it from
 * somewhere slow"): twice as long each time, a random half of it so that a storm does not come back as one. Undefined
 * when another wait would make it more than `totalMs`, or than the call's own `mostMs`, since the call was made.
 */
export const jukeboxPolicy =
  (totalMs: number, random: () => number) =>
  (error: NfsError, waits: number, waitedMs: number, mostMs: number = totalMs): number | undefined => {
    if (error.code !== 'JUKEBOX') return undefined
    const ms = Math.min(maxWaitMs, firstWaitMs * 2 ** waits) * (0.5 + random() / 2)
    return waitedMs + ms <= Math.min(totalMs, mostMs) ? ms : undefined
  }

interface Service {
  readonly program: number
  readonly version: number
  readonly port: number
  /** Default: the user that the options name. */
  readonly credential?: Credential
  /** The server has answered on another connection to this service. Default false. */
  readonly known?: boolean
  /** Default: calls are not counted. */
  readonly collector?: StatsCollector
}

/** Makes a connection to one service of the server; it is opened by its first call. */
export type Dial = (service: Service) => Connection

/** Around the data of the largest reply: headers, attributes, and what a server that counts differently may add. */
const recordSlack = 65_536

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
      maxRecordBytes: 2 * Math.max(settings.maxReadBytes, settings.maxPageBytes) + recordSlack,
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
