import { lookup } from 'node:dns/promises'
import { BlockList, isIP, isIPv4 } from 'node:net'
import { InvalidArgumentError, Option } from '@commander-js/extra-typings'

/** One of `accessOptions`: opens addresses which are refused otherwise. */
export const allowAddressOption: Option<'--allow-address <ranges>', undefined, undefined, string, false, undefined> =
  new Option(
    '--allow-address <ranges>',
    'addresses of a job that may be read although they are loopback, link-local, multicast or the like: comma separated, as 127.0.0.0/8,::1',
  )
    .argParser((text) => {
      listOf(rangesOf(text))
      return text
    })
    .env('CACHEWARMER_ALLOW_ADDRESS')

export interface AddressRules {
  /** Loopback addresses may be used: the queue is a file of this machine, so that only its users write jobs. */
  readonly loopback: boolean
  /** As `--allow-address` has them. */
  readonly allowed?: string | undefined
}

/** Finds the addresses of a host that may be connected to. */
export type Resolve = (host: string) => Promise<readonly string[]>

/** Every address of a host is refused by the rules. */
class AddressError extends Error {
  override readonly name = 'AddressError'
  readonly code = 'ADDRESS_REFUSED'
}

/** Addresses that a job may not name, unless --allow-address permits them. */
const refused: readonly (readonly [what: string, ...ranges: string[]])[] = [
  ["a link-local address, such as that of a cloud machine's metadata", '169.254.0.0/16', 'fe80::/10'],
  // Azure's wire server, and metadata services at addresses of other ranges.
  ["an address of the cloud's own services", '168.63.129.16', 'fd00:ec2::254', 'fd20:ce::254', '100.100.100.200'],
  ['an address of no machine', '0.0.0.0/8', '::'],
  ['a multicast address', '224.0.0.0/4', 'ff00::/8'],
  ['a broadcast address', '255.255.255.255'],
]
const loopback = ['a loopback address, and the queue is no file of this machine', '127.0.0.0/8', '::1'] as const

/**
 * Resolves host names and refuses addresses that jobs must not lead to. Connect to what it gives, without another look-up: a
 * name may lead somewhere else the next time. Throws `InvalidArgumentError` at once for ranges that are none; what it gives rejects with
 * `AddressError` where no address of a host is allowed, or with the resolver's error.
 */
export function openResolver(rules: AddressRules, find: Resolve = systemLookup): Resolve {
  const lists = (rules.loopback ? refused : [...refused, loopback]).map(
    ([what, ...ranges]) => [what, listOf(ranges)] as const,
  )
  const allowed = listOf(rangesOf(rules.allowed ?? ''))
  const complaint = (address: string): string | undefined => {
    const meant = embeddedIn(address)
    if (contains(allowed, address) || contains(allowed, meant)) return undefined
    return lists.find(([, list]) => contains(list, address) || contains(list, meant))?.[0]
  }
  return async (host) => {
    const found = await find(host)
    const open = found.filter((address) => complaint(address) === undefined)
    if (open.length > 0) return open
    const [first = host] = found
    const what = first === host ? host : `${host} is ${first}:`
    throw new AddressError(
      `${what} ${complaint(first) ?? 'a host without an address'}; --allow-address ${first} permits it`,
    )
  }
}

async function systemLookup(host: string): Promise<string[]> {
  if (isIP(host) !== 0) return [host]
  return (await lookup(host, { all: true })).map(({ address }) => address)
}

/**
 * The addresses of a host name: IPv4, else IPv6. Asked of the system, so that /etc/hosts and what else nsswitch.conf names
 * count. Rejects with `ENOTFOUND` as `code` where there is no such name; `EAI_AGAIN` means that nothing can be said now.
 */
export async function systemAddresses(name: string): Promise<string[]> {
  for (const family of [4, 6]) {
    try {
      return (await lookup(name, { all: true, family })).map(({ address }) => address)
    } catch (error) {
      // glibc has two words for a name that has no address of this family.
      const { code = '' } = error as NodeJS.ErrnoException
      if (code !== 'ENOTFOUND' && code !== 'EAI_ADDRFAMILY') throw error
    }
  }
  throw Object.assign(new Error(`there is no host ${name}`), { code: 'ENOTFOUND' })
}

const rangesOf = (text: string): string[] => text.split(',').map((range) => range.trim())

function listOf(ranges: readonly string[]): BlockList {
  const list = new BlockList()
  for (const range of ranges.filter((one) => one !== '')) {
    const [address = '', prefix, ...more] = range.split('/')
    const bits = isIPv4(address) ? 32 : 128
    const length = prefix === undefined ? bits : /^\d{1,3}$/.test(prefix) ? Number(prefix) : Number.NaN
    if (isIP(address) === 0 || more.length > 0 || !(length <= bits))
      throw new InvalidArgumentError(
        `expected addresses or ranges as 10.0.0.0/8, comma separated, got ${JSON.stringify(range)}`,
      )
    list.addSubnet(address, length, isIPv4(address) ? 'ipv4' : 'ipv6')
  }
  return list
}

const contains = (list: BlockList, address: string): boolean =>
  list.check(address.split('%')[0] ?? '', isIPv4(address) ? 'ipv4' : 'ipv6')

/** What stands before an IPv4 address in such IPv6 ones. */
const translated: ReadonlySet<string> = new Set(['0:0:0:0:0:ffff', '0:0:0:0:ffff:0', '64:ff9b:0:0:0:0'])

/**
 * The IPv4 address that an IPv6 one leads to: mapped (`::ffff:0:0/96`), translated (`::ffff:0:0:0/96`, RFC 2765), compatible
 * (`::/96`), by NAT64 (`64:ff9b::/96`, RFC 6052; `64:ff9b:1::/48`, RFC 8215) or by 6to4 (`2002::/16`, RFC 3056); else the
 * address itself.
 */
function embeddedIn(address: string): string {
  const groups = isIPv4(address) ? undefined : groupsOf(address.split('%')[0] ?? '')
  if (groups === undefined) return address
  const v4 = (high = 0, low = 0): string => [high >> 8, high & 255, low >> 8, low & 255].join('.')
  const head = groups
    .slice(0, 6)
    .map((group) => group.toString(16))
    .join(':')
  if (groups[0] === 0x2002) return v4(groups[1], groups[2])
  const isCompatible = head === '0:0:0:0:0:0' && (groups[6] !== 0 || (groups[7] ?? 0) > 1)
  const isTranslated = translated.has(head) || head.startsWith('64:ff9b:1:')
  return isCompatible || isTranslated ? v4(groups[6], groups[7]) : address
}

/** The eight groups of an IPv6 address, which the URL parser writes without an IPv4 address at its end. */
function groupsOf(address: string): number[] | undefined {
  if (isIP(address) !== 6) return undefined
  const [head = '', tail] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::')
  const numbers = (text: string | undefined): number[] =>
    text ? text.split(':').map((group) => Number.parseInt(group, 16)) : []
  const [before, after] = [numbers(head), numbers(tail)]
  return [...before, ...Array<number>(8 - before.length - after.length).fill(0), ...after]
}

/** Whether a queue is a file of this machine. */
export const isFileQueue = (queue: string | undefined): boolean => queue?.startsWith('sqlite:') === true
