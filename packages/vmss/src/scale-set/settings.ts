import { createHash } from 'node:crypto'
import { checkCloudInit } from '../cloud-init/cloud-init.ts'
import { checkResourceId, checkText, checkWhole, optionInvalid, secretInvalid } from '../errors.ts'
import { checkImage, type Image, ubuntuImage } from './image.ts'

/** The account that Azure makes on each worker, for people who want to look. */
export interface Admin {
  readonly userName: string
  readonly sshPublicKey?: string | undefined
  readonly password?: string | undefined
}

/** `osProfile.adminUsername` of the compute API: names that Azure refuses on every system. */
const refusedNames = new Set(
  (
    'administrator admin user user1 test user2 test1 user3 admin1 1 123 a actuser adm admin2 aspnet backup console david ' +
    'guest john owner root server sql support support_388945a0 sys test2 test3 user4 user5'
  ).split(' '),
)

/** `osProfile.adminPassword` of the compute API. */
const refusedPasswords = new Set(
  'abc@123 P@$$w0rd P@ssw0rd P@ssword123 Pa$$word pass@word1 Password! Password1 Password22 iloveyou!'.split(' '),
)

export function checkUserName(option: string, name: string): string {
  // Azure takes 64 characters, but the useradd of the machine only 32.
  const expected = 'at most 32 letters, digits, dashes and underscores that begin with a letter'
  checkText(option, name, /^[A-Za-z_][A-Za-z0-9_-]{0,31}$/, expected)
  if (refusedNames.has(name.toLowerCase())) throw optionInvalid(option, name, 'a name that Azure does not reserve')
  return name
}

/** 6 to 72 characters on Linux, three of four kinds of characters, none of the well-known ones. */
export function checkPassword(option: string, password: string): string {
  const kinds = [/[a-z]/, /[A-Z]/, /[0-9]/, /[\W_]/].filter((kind) => kind.test(password)).length
  if (password.length >= 6 && password.length <= 72 && kinds >= 3 && !refusedPasswords.has(password)) return password
  throw secretInvalid(
    option,
    '6 to 72 characters with three of lower case, upper case, digit and special character, and none of the well-known ones',
  )
}

const sshKey = /^(?:ssh-rsa|ssh-ed25519|ecdsa-sha2-nistp(?:256|384|521)) [A-Za-z0-9+/]{40,}={0,3}(?: [\x20-\x7e]*)?$/

export function checkSshKey(option: string, key: string): string {
  const trimmed = key.trim()
  if (/PRIVATE KEY/.test(trimmed)) throw secretInvalid(option, 'the public key, and this is a private one')
  return checkText(option, trimmed, sshKey, 'one line of an OpenSSH public key file')
}

/** One of key and password is needed; a key wins, and then passwords are refused. */
export function checkAdmin(given: { userName?: string; sshPublicKey?: string; password?: string }): Admin {
  const userName = checkUserName('adminUserName', given.userName ?? 'azureuser')
  if (given.sshPublicKey) return { userName, sshPublicKey: checkSshKey('sshPublicKey', given.sshPublicKey) }
  if (given.password) return { userName, password: checkPassword('adminPassword', given.password) }
  throw optionInvalid(
    'sshPublicKey',
    given.sshPublicKey,
    'given, or adminPassword instead: Azure makes no machine without',
  )
}

/** `Standard_D2s_v3`: family `D`, cores 2, features `s`, version 3. */
const sizePattern = /^Standard_([A-Z]+)(\d+)(?:-(\d+))?([a-z]*)(?:_[A-Za-z0-9]+)*?(?:_v(\d+))?$/

export const isMachineSize = (size: string): boolean => /^Standard_[A-Za-z0-9]+(?:[-_][A-Za-z0-9]+)*$/.test(size)

/**
 * Whether Azure offers accelerated networking for a size, by the rule of its documentation: not for families A and B
 * (before v2), from two cores up for v2, from four cores up for hyper-threaded v3 and v4, always from v5 on. Asking for
 * it where it is missing fails the whole scale set, so a size of unknown form counts as without.
 */
export function hasAcceleratedNetworking(size: string): boolean {
  const [, family = '', cores = '0', , , version = '1'] = sizePattern.exec(size) ?? []
  if (family === '' || family === 'A') return false
  const generation = Number(version)
  if (family === 'B') return generation >= 2
  if (generation >= 5) return true
  if (generation >= 3) return Number(cores) >= 4
  return generation === 2 && Number(cores) >= (family === 'F' || family === 'E' ? 4 : 2)
}

export interface ScaleSetOptions {
  /** The queue prefix that the workers serve. Names the scale set and says whose it is. */
  readonly prefix: string
  /** What tells this fleet from another of the same prefix, such as the storage account's name. Default: the prefix. */
  readonly owner?: string | undefined
  /** Default: `cachewarmer-<prefix>`. */
  readonly name?: string | undefined
  readonly location: string
  /** Resource id of the subnet that the workers join. */
  readonly subnetId: string
  /** Maximum number of machines. Default 12. */
  readonly count?: number | undefined
  /** Default `Standard_D2s_v3`. */
  readonly size?: string | undefined
  /** Sizes to try in this order while Azure has none of `size`. Default: none. */
  readonly fallbackSizes?: readonly string[] | undefined
  /** `spot` machines cost a fraction and may be taken back at any time. Default `spot`. */
  readonly priority?: Priority | undefined
  /** When Azure has Spot machines of no size: whether regular ones at full price may replace them. Default false. */
  readonly allowRegular?: boolean | undefined
  /** US dollars an hour for a Spot machine; -1 for up to the price of a regular one. Default -1. */
  readonly maxPrice?: number | undefined
  /** US dollars that an hour of a machine costs, for the cost that is shown. Default: not known. */
  readonly pricePerHour?: number | undefined
  /** Machine hours from the first worker to the last; at the limit the fleet goes. Default: no limit. */
  readonly maxMachineHours?: number | undefined
  /**
   * Availability zones to spread the machines over, as evenly as there is capacity. Default: none, so that Azure takes
   * machines wherever it has them. One zone, the filer's, keeps traffic out of the others.
   */
  readonly zones?: readonly string[] | undefined
  /** Default: Ubuntu 24.04 LTS. */
  readonly image?: Image | undefined
  /** Default `azureuser`. */
  readonly adminUserName?: string | undefined
  /** One line of an OpenSSH public key file. Wins over `adminPassword`; one of the two is needed. */
  readonly sshPublicKey?: string | undefined
  readonly adminPassword?: string | undefined
  /** Default: where the size has it. */
  readonly acceleratedNetworking?: boolean | undefined
  /** The system disk on the host instead of in storage: faster, free, and gone with the machine. Default false. */
  readonly ephemeralOsDisk?: boolean | undefined
  /** GiB. Default: what the image has. */
  readonly osDiskGib?: number | undefined
  /** All machines close together, 100 at most. Off, Azure finds capacity more easily. Default false. */
  readonly singlePlacementGroup?: boolean | undefined
  /** Resource id of a user-assigned identity that the workers get their tokens with. */
  readonly identityId?: string | undefined
  /** How long Azure waits for a worker that is to be deleted, 5 to 15 minutes. Default 5 minutes. */
  readonly terminateNoticeMs?: number | undefined
  readonly tags?: Readonly<Record<string, string>> | undefined
  /** What the machines run at their first start, as `workerCloudInit()` makes it. */
  readonly cloudInit: string
}

export type Priority = 'spot' | 'regular'

/** One way to get machines. They are tried from the first to the last. */
export interface Candidate {
  readonly size: string
  readonly priority: Priority
}

export interface ScaleSetSettings {
  readonly name: string
  readonly owner: string
  readonly location: string
  readonly subnetId: string
  readonly count: number
  readonly candidates: readonly [Candidate, ...Candidate[]]
  readonly maxPrice: number
  readonly pricePerHour: number | undefined
  readonly maxMachineMs: number
  readonly zones: readonly string[]
  readonly image: Image
  readonly admin: Admin
  readonly acceleratedNetworking: boolean | undefined
  readonly ephemeralOsDisk: boolean
  readonly osDiskGib: number | undefined
  readonly singlePlacementGroup: boolean
  readonly identityId: string | undefined
  readonly terminateNoticeMs: number
  readonly tags: Readonly<Record<string, string>>
  readonly cloudInit: string
}

/** The tag that says whose a scale set is. Sets without it, or with another's, are never touched. */
export const ownerTag = 'cachewarmer-owner'

const minute = 60_000
const hour = 60 * minute

/** Fills in the defaults. Throws `OPTION_INVALID` that names the option, the value and what was expected. */
export function resolveScaleSet(given: ScaleSetOptions): ScaleSetSettings {
  const prefix = checkText('prefix', given.prefix, /^[a-z0-9][a-z0-9-]*$/, 'a queue prefix')
  const count = checkWhole('count', given.count ?? 12, 1, 1000)
  const singlePlacementGroup = given.singlePlacementGroup ?? false
  if (singlePlacementGroup && count > 100)
    throw optionInvalid('count', count, 'at most 100 in a single placement group')
  return Object.freeze({
    name: given.name === undefined ? nameFor(prefix) : checkName(given.name),
    owner: checkText('owner', given.owner ?? prefix, /^[\x21-\x7e]{1,256}$/, '1 to 256 printable characters'),
    location: checkText('location', given.location, /^[a-z0-9]+$/i, "a region of Azure, such as 'westeurope'"),
    subnetId: checkResourceId(
      'subnetId',
      given.subnetId,
      /\/Microsoft\.Network\/virtualNetworks\/[^/]+\/subnets\/[^/]+$/i,
      'a subnet',
    ),
    count,
    candidates: candidatesOf(given),
    maxPrice: checkMaxPrice(given),
    pricePerHour: checkPricePerHour(given.pricePerHour),
    maxMachineMs: checkHours(given.maxMachineHours),
    zones: checkZones(given.zones ?? []),
    image: checkImage('image', given.image ?? ubuntuImage),
    admin: checkAdmin({
      ...(given.adminUserName === undefined ? {} : { userName: given.adminUserName }),
      ...(given.sshPublicKey === undefined ? {} : { sshPublicKey: given.sshPublicKey }),
      ...(given.adminPassword === undefined ? {} : { password: given.adminPassword }),
    }),
    acceleratedNetworking: given.acceleratedNetworking,
    ephemeralOsDisk: given.ephemeralOsDisk ?? false,
    osDiskGib: given.osDiskGib === undefined ? undefined : checkWhole('osDiskGib', given.osDiskGib, 1, 4095),
    singlePlacementGroup,
    identityId: checkIdentity(given.identityId),
    terminateNoticeMs: checkWhole('terminateNoticeMs', given.terminateNoticeMs ?? 5 * minute, 5 * minute, 15 * minute),
    tags: checkTags(given.tags ?? {}),
    cloudInit: checkCloudInit(given.cloudInit),
  })
}

/** `cachewarmer-<prefix>`; a prefix that leaves no room is cut and told apart by its hash. */
function nameFor(prefix: string): string {
  const name = `cachewarmer-${prefix}`
  if (name.length <= 64) return name.replace(/-+$/, '')
  return `${name.slice(0, 55)}-${createHash('sha256').update(prefix).digest('hex').slice(0, 8)}`
}

/** "Naming rules and restrictions for Azure resources", Microsoft.Compute, virtualMachineScaleSets on Linux. */
const checkName = (name: string): string =>
  checkText(
    'name',
    name,
    /^[A-Za-z0-9](?:[A-Za-z0-9_-]{0,62}[A-Za-z0-9_])?$/,
    '1 to 64 letters, digits, dashes and underscores',
  )

function candidatesOf(given: ScaleSetOptions): readonly [Candidate, ...Candidate[]] {
  const sizes = new Set([given.size ?? 'Standard_D2s_v3', ...(given.fallbackSizes ?? [])])
  for (const size of sizes) {
    if (!isMachineSize(size)) throw optionInvalid('size', size, "a machine size, such as 'Standard_D2s_v3'")
  }
  const priority = given.priority ?? 'spot'
  if (priority !== 'spot' && priority !== 'regular') throw optionInvalid('priority', priority, "'spot' or 'regular'")
  const priorities: Priority[] = priority === 'spot' && given.allowRegular ? ['spot', 'regular'] : [priority]
  const [first, ...rest] = priorities.flatMap((each) => [...sizes].map((size) => ({ size, priority: each })))
  return [first as Candidate, ...rest]
}

/** `billingProfile.maxPrice` of the compute API: -1, or more than nothing, to five decimals. */
function checkMaxPrice({ maxPrice = -1, priority, allowRegular }: ScaleSetOptions): number {
  if (maxPrice !== -1 && !(maxPrice > 0 && maxPrice < 1000)) {
    throw optionInvalid('maxPrice', maxPrice, '-1, or dollars an hour above 0')
  }
  if (maxPrice !== -1 && (allowRegular || priority === 'regular')) {
    throw optionInvalid('maxPrice', maxPrice, '-1 where regular machines are allowed: they have no price limit')
  }
  return maxPrice === -1 ? -1 : Math.round(maxPrice * 1e5) / 1e5
}

function checkPricePerHour(dollars: number | undefined): number | undefined {
  if (dollars === undefined || (dollars > 0 && dollars < 1000)) return dollars
  throw optionInvalid('pricePerHour', dollars, 'dollars above 0')
}

function checkZones(zones: readonly string[]): readonly string[] {
  for (const zone of zones) checkText('zones', zone, /^[1-9][0-9]?$/, 'numbers of zones')
  return Object.freeze([...new Set(zones)])
}

function checkHours(hours: number | undefined): number {
  if (hours === undefined) return Number.POSITIVE_INFINITY
  if (hours > 0) return hours * hour
  throw optionInvalid('maxMachineHours', hours, 'more than 0')
}

const identityType = /\/providers\/Microsoft\.ManagedIdentity\/userAssignedIdentities\/[^/]+$/i

const checkIdentity = (id: string | undefined): string | undefined =>
  id === undefined ? undefined : checkResourceId('identityId', id, identityType, 'a user-assigned identity')

/** 50 tags per resource, one of them ours; no `<>%&\?/` in a name ("Use tags to organize your Azure resources"). */
function checkTags(tags: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const entries = Object.entries(tags)
  if (entries.length > 49) throw optionInvalid('tags', entries.length, 'at most 49')
  for (const [name, value] of entries) {
    checkText('tags', name, /^[^<>%&\\?/]{1,512}$/, 'a tag name of at most 512 characters without <>%&\\?/')
    if (name.toLowerCase() === ownerTag)
      throw optionInvalid('tags', name, 'another name: this one says whose the set is')
    checkText(`tags.${name}`, value, /^[\s\S]{0,256}$/, 'at most 256 characters')
  }
  return Object.freeze({ ...tags })
}
