import type { Job } from '@cachewarmer/core'
import type { WalkErrorCode } from '@cachewarmer/walker'
import type { SimExport } from './filer.ts'
import { drawFilters, type Filtered } from './filters.ts'
import type { FaultKind, Scenario, Spell } from './scenario.ts'
import { type Dice, dice } from './seeded.ts'

/** How a server of an address answers READs, if mounts speak NFS. */
export interface NfsManner {
  /** Bytes that a READ brings at most, fewer than were asked for; 0: all of them. */
  readonly shortBytes: number
  /** Says that a file ended only in an answer without bytes, or not even there. */
  readonly eof: 'at the end' | 'with no bytes' | 'never'
  readonly attributes: boolean
  /** Share of READs that are put off for a while, as the client makes them again. */
  readonly jukebox: number
}

/** A person's requests to the first job while it runs. */
interface Asks {
  /** Delay between the paused status and the resume. */
  readonly pause: { readonly atMs: number; readonly forMs: number } | undefined
  readonly cancelAtMs: number | undefined
}

/** Further fields of a job, and their effect at the filer. */
interface JobExtras {
  readonly asked: Partial<Job>
  readonly filtered: Filtered | undefined
  readonly headBytes: number
  readonly mode: Job['mode']
  /** Why a file cannot be read through an address, where others can be. */
  readonly refused: (path: string, address: string) => WalkErrorCode | undefined
}

/** Later additions to scenarios, drawn apart: a seed without any has the same scenario as before they existed. */
export interface Extras {
  /** For what is drawn as it comes. */
  readonly dice: Dice
  readonly kinds: ReadonlySet<ExtraKind>
  readonly scenario: Partial<Scenario>
  /** Share of the ledger calls that write at which the manager dies. */
  readonly ledgerDeaths: number
  /** Addresses that refuse to be opened, and why. */
  readonly refusing: ReadonlyMap<string, WalkErrorCode>
  /** While these last an address does not answer who opens it. */
  readonly openTimeouts: ReadonlyMap<string, readonly Spell[]>
  readonly nfs: NfsManner | undefined
  readonly asks: Asks
  readonly job: (of: SimExport, hasList: boolean) => JobExtras
}

export const extraKinds = [
  'killed at a ledger call',
  'filters',
  'head bytes',
  'other modes',
  'weights',
  'ceilings',
  'many addresses',
  'addresses refuse',
  'addresses differ',
  'opening times out',
  'mounts speak NFS',
  'paused and resumed',
  'cancelled',
] as const
export type ExtraKind = (typeof extraKinds)[number]

/** The share of each, in percent of the seeds that have any. */
const shares: Readonly<Record<ExtraKind, number>> = {
  'killed at a ledger call': 25,
  filters: 25,
  'head bytes': 15,
  'other modes': 12,
  weights: 20,
  ceilings: 15,
  'many addresses': 5,
  'addresses refuse': 10,
  'addresses differ': 10,
  'opening times out': 10,
  'mounts speak NFS': 12,
  'paused and resumed': 12,
  cancelled: 12,
}

const second = 1_000

const plainJob: JobExtras = {
  asked: {},
  filtered: undefined,
  headBytes: Number.POSITIVE_INFINITY,
  mode: 'data',
  refused: () => undefined,
}

export const noExtras: Extras = {
  dice: dice(0),
  kinds: new Set(),
  scenario: {},
  ledgerDeaths: 0,
  refusing: new Map(),
  openTimeouts: new Map(),
  nfs: undefined,
  asks: { pause: undefined, cancelAtMs: undefined },
  job: () => plainJob,
}

export function drawExtras(seed: number, drawn: Scenario): Extras {
  const own = dice((seed ^ 0x6578_7472) >>> 0)
  if (own.chance(0.4)) return noExtras
  const kinds = new Set(extraKinds.filter((kind) => own.chance(shares[kind] / 100)))
  const has = (kind: ExtraKind): boolean => kinds.has(kind)
  // If nothing goes wrong, expectations are exact.
  const calm = own.chance(0.3)
  const scenario: Partial<Scenario> = {
    ...(calm ? withoutFaults(drawn) : {}),
    ...(has('many addresses') ? manyAddresses(own, drawn) : {}),
    ...(has('paused and resumed') || has('cancelled') ? lasting(own) : {}),
  }
  const { addresses, faultsUntilMs } = { ...drawn, ...scenario }
  const all = addressesOf(addresses)
  const some = (most: number): string[] => {
    const from = own.below(all.length)
    return [...all.slice(from), ...all.slice(0, from)].slice(0, own.below(most) + 1)
  }
  const refusing = has('addresses refuse') && all.length > 1 ? some(all.length - 1) : []
  const differing = has('addresses differ') ? some(all.length) : []
  const silentToOpen = has('opening times out') ? some(all.length) : []
  const asksAtMs = (): number => own.between(2 * second, own.pick([10, 60]) * second)
  return {
    dice: own.fork(),
    kinds,
    scenario,
    ledgerDeaths: has('killed at a ledger call') && !calm ? own.pick([0.03, 0.1, 0.3]) : 0,
    refusing: new Map(refusing.map((address) => [address, own.pick(['ACCESS_DENIED', 'NOT_FOUND'] as const)])),
    openTimeouts: new Map(silentToOpen.map((address) => [address, [spell(own, faultsUntilMs)]])),
    nfs: has('mounts speak NFS') ? drawManner(own) : undefined,
    asks: {
      pause: has('paused and resumed') ? { atMs: asksAtMs(), forMs: own.pick([30, 200]) * second } : undefined,
      cancelAtMs: has('cancelled') ? asksAtMs() : undefined,
    },
    job: (of, hasList) =>
      drawJob(own.fork(), {
        of,
        hasList,
        kinds,
        differing,
        changes: (calm ? new Set() : drawn.faults).has('tree changes'),
      }),
  }
}

function drawJob(
  own: Dice,
  given: {
    of: SimExport
    hasList: boolean
    kinds: ReadonlySet<ExtraKind>
    differing: readonly string[]
    changes: boolean
  },
): JobExtras {
  const { of, hasList, kinds, differing, changes } = given
  const asked: Partial<Job> = {}
  let { filtered, headBytes, mode, refused } = plainJob
  // Listed paths are read even if filters by name leave them out.
  if (kinds.has('filters') && !hasList) filtered = drawFilters(own, of, changes)
  if (kinds.has('head bytes')) headBytes = own.pick([1, 4_096, 30_000, 1_048_576, 200 * 1_048_576])
  if (kinds.has('other modes') && !hasList) mode = own.pick(['metadata', 'estimate'])
  if (kinds.has('weights')) asked.weight = 1 + own.below(100)
  if (kinds.has('ceilings')) Object.assign(asked, drawCeilings(own, of, changes))
  if (differing.length > 0) {
    const share = own.pick([0.02, 0.3, 1])
    const paths = new Set([...of.files.keys()].filter(() => own.chance(share)))
    const code = own.pick(['NOT_FOUND', 'ACCESS_DENIED', 'IO'] as const)
    refused = (path, address) => (paths.has(path) && differing.includes(address) ? code : undefined)
  }
  if (headBytes !== Number.POSITIVE_INFINITY) asked.headBytes = headBytes
  return { asked: { ...asked, ...filtered?.asked, mode }, filtered, headBytes, mode, refused }
}

/** So low that they are felt, and so high that the tree takes no more than about a minute. */
function drawCeilings(own: Dice, of: SimExport, changes: boolean): Partial<Job> {
  const most = own.between(5, 60)
  const kind = own.pick(['maxWorkers', 'maxRequestsPerSecond', 'maxBytesPerSecond'] as const)
  if (kind === 'maxWorkers') return { maxWorkers: 1 + own.below(2) }
  const sizes = [...of.files.values()].map(({ size }) => size)
  // Files that are made meanwhile must not need hours.
  const bytes = sizes.reduce((sum, size) => sum + size, changes ? 2_000_000 : 0)
  if (kind === 'maxRequestsPerSecond' || sizes.some((size) => size > 1_048_576))
    return { maxRequestsPerSecond: Math.ceil((sizes.length + of.directories.size + bytes / 1_048_576) / most) + 1 }
  return { maxBytesPerSecond: Math.ceil(bytes / most) + 1 }
}

function withoutFaults(drawn: Scenario): Partial<Scenario> {
  const faults = new Set<FaultKind>()
  const spells = { throttleSpells: [], outageSpells: [], slowSpells: [] }
  return { faults, faultsUntilMs: Math.min(drawn.faultsUntilMs, 10 * second), abandonedAtMs: undefined, ...spells }
}

/** Up to as many as a job may name; of few files where there are many. */
function manyAddresses(own: Dice, { treeScale }: Scenario): Partial<Scenario> {
  const addresses = own.pick([4, 5, 8, 64])
  return { addresses, treeScale: addresses > 5 ? 0.2 : Math.min(treeScale, 0.6) }
}

/** Long enough for a person to think of it. */
function lasting(own: Dice): Partial<Scenario> {
  return { treeScale: 1, readMs: own.pick([150, 500]), concurrency: own.pick([2, 6]), slots: 1 + own.below(2) }
}

function spell(own: Dice, untilMs: number): Spell {
  const fromMs = own.next() * untilMs * 0.5
  return { fromMs, toMs: fromMs + own.between(second, untilMs - fromMs) }
}

function drawManner(own: Dice): NfsManner {
  return {
    shortBytes: own.pick([0, 0, 7_000, 30_000]),
    eof: own.pick(['at the end', 'at the end', 'with no bytes', 'never']),
    attributes: own.chance(0.8),
    jukebox: own.pick([0, 0, 0.02]),
  }
}

/** The addresses of every job of a scenario. */
export const addressesOf = (count: number): string[] => Array.from({ length: count }, (_, at) => `10.0.0.${at + 1}`)
