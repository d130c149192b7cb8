import { hostname } from 'node:os'
import { Option } from '@commander-js/extra-typings'
import { type Environment, UsageError } from '../../cli/index.ts'
import { readToken } from './token.ts'

const defaultListen = '127.0.0.1:9781'

/** Where the status page is served, and to whom. */
export const statusOptions = {
  listen: new Option(
    '--status-listen <address>',
    `where the status page and the metrics are served, as HOST:PORT; none: nowhere (default: ${defaultListen}, if it is free)`,
  ).env('CACHEWARMER_STATUS_LISTEN'),
  tokenFile: new Option(
    '--status-token-file <file>',
    'file that holds the token that the page asks for (mode 0600); else CACHEWARMER_STATUS_TOKEN. Needed where others can reach it, and to steer runs from the page',
  ).env('CACHEWARMER_STATUS_TOKEN_FILE'),
  host: new Option(
    '--status-host <names>',
    'names under which browsers reach the page, comma separated, besides addresses, localhost and the name of this machine; https://NAME behind a proxy with TLS',
  ).env('CACHEWARMER_STATUS_HOST'),
}

export interface StatusConfig {
  readonly statusListen?: string | undefined
  readonly statusTokenFile?: string | undefined
  readonly statusHost?: string | undefined
}

export interface StatusPlace {
  readonly host: string
  readonly port: number
  readonly token: string | undefined
  readonly names: readonly string[]
  /** Those of `names` that browsers reach by HTTPS, through a proxy. */
  readonly secureNames: readonly string[]
  /** Somebody asked for this very place: when it can't be had, that is an error. */
  readonly asked: boolean
}

/** Undefined for `none`. Throws `UsageError` for an address that is none, and for one that others reach without a token. */
export function statusPlace(config: StatusConfig, environment: Environment): StatusPlace | undefined {
  if (config.statusListen === 'none') return undefined
  const listen = config.statusListen || defaultListen
  const [, bracketed, plain, digits] = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(listen) ?? []
  const host = bracketed ?? plain
  const port = Number(digits)
  if (host === undefined || port > 65_535)
    throw new UsageError(`--status-listen: expected HOST:PORT or none, got ${JSON.stringify(listen)}`)
  const token = readToken(config.statusTokenFile || undefined, environment)
  if (token === undefined && !isLoopback(host)) {
    throw new UsageError(
      `--status-listen ${listen}: others can reach it, so it needs a token: give --status-token-file or set CACHEWARMER_STATUS_TOKEN`,
    )
  }
  const given = [hostname(), ...(config.statusHost ?? '').split(',')].map((name) => name.trim().toLowerCase())
  const names = given.filter((name) => name !== '').map((name) => name.replace(/^https?:\/\//, ''))
  const secureNames = given.filter((name) => name.startsWith('https://')).map((name) => name.slice('https://'.length))
  return { host, port, token, names, secureNames, asked: Boolean(config.statusListen) }
}

const isLoopback = (host: string): boolean => host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host)
