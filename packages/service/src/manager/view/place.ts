import { hostname } from 'node:os'
import { Option } from '@commander-js/extra-typings'
import { type Environment, readSecretFile, UsageError } from '../../cli/index.ts'

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
  /** This place was asked for: when it can't be had, that is an error. */
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

const shortest = 16
/** Sixteen random hexadecimal digits have 64 bits; this estimate sees somewhat fewer. */
const fewestBits = 44
const hint = 'openssl rand -hex 32 makes a good one'

/** The token that the page asks for. Throws `UsageError` for one that could be guessed. */
export function readToken(file: string | undefined, environment: Environment): string | undefined {
  const [token, from] = file
    ? [readSecretFile('--status-token-file', file), `--status-token-file ${file}`]
    : [environment['CACHEWARMER_STATUS_TOKEN'] || undefined, 'CACHEWARMER_STATUS_TOKEN']
  if (token === undefined) return undefined
  if (token.length < shortest || !/^[!-~]+$/.test(token))
    throw new UsageError(`${from}: expected at least ${shortest} visible characters without blanks; ${hint}`)
  if (bitsOf(token) < fewestBits)
    throw new UsageError(`${from}: this token is easy to guess, as its characters repeat or follow each other; ${hint}`)
  return token
}

/**
 * Bits of surprise in a token, at most: Shannon's entropy of its characters, counted for those alone that neither continue
 * a sequence (`abc`, `111`, `321`) nor repeat what stood before (three characters or more). Words are not recognized.
 */
export function bitsOf(token: string): number {
  const fresh = Array.from(token).filter((_, at) => !continues(token, at) && !repeats(token, at))
  const counts = new Map<string, number>()
  for (const character of fresh) counts.set(character, (counts.get(character) ?? 0) + 1)
  let bits = 0
  for (const count of counts.values()) bits -= count * Math.log2(count / fresh.length)
  return bits
}

function continues(token: string, at: number): boolean {
  if (at < 2) return false
  const step = token.charCodeAt(at) - token.charCodeAt(at - 1)
  return Math.abs(step) <= 1 && step === token.charCodeAt(at - 1) - token.charCodeAt(at - 2)
}

const repeats = (token: string, at: number): boolean =>
  at >= 3 && token.slice(0, at).includes(token.slice(at - 2, at + 1))
