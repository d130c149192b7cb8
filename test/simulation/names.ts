import type { ResolveName } from '@cachewarmer/manager'
import { sleep } from '@cachewarmer/queue'
import type { Life } from './life.ts'
import { type Spell, within } from './scenario.ts'
import type { Dice } from './seeded.ts'

/** A name that does not exist, beside addresses of a job that do. */
export const unknownBeside = 'gone.sim'
const unknownAlone = 'nosuch.sim'

/** The names that jobs of a scenario have in place of addresses, and the name servers that know them. */
export interface SimNames {
  /** What a job says in place of these addresses. */
  readonly inPlaceOf: (addresses: readonly string[]) => readonly string[]
  /** All jobs also name a host that does not exist. */
  readonly hasUnknown: boolean
  /** The jobs name a host that does not exist, and nothing else. */
  readonly allUnknown: boolean
  readonly kind: (typeof kinds)[number]
  readonly resolverOf: (life: Life) => ResolveName
}

const second = 1_000

const kinds = ['one name', 'two names', 'a name and addresses', 'an unknown one beside', 'unknown'] as const

/** One seed in eight has names. Drawn apart from all else, so that a seed without names is what it always was. */
export function drawNames(
  own: Dice,
  addresses: readonly string[],
  { elapsedMs, faultsUntilMs }: { readonly elapsedMs: () => number; readonly faultsUntilMs: number },
): SimNames | undefined {
  if (!own.chance(1 / 8)) return undefined
  const kind = own.pick(kinds)
  const half = Math.ceil(addresses.length / 2)
  const zone = new Map<string, readonly string[]>()
  if (kind === 'two names') {
    // They overlap: the node in both of them is read through once.
    zone.set('cache-a.sim', addresses.slice(0, half)).set('cache-b.sim', addresses.slice(half - 1))
  } else if (kind === 'a name and addresses') zone.set('cache.sim', addresses.slice(0, half))
  else if (kind !== 'unknown') zone.set('cache.sim', addresses)
  const loose = kind === 'a name and addresses' ? addresses.slice(half) : []
  const hasUnknown = kind === 'an unknown one beside' && addresses.length < 64
  const submitted = [
    ...(kind === 'unknown' ? [unknownAlone] : zone.keys()),
    ...loose,
    ...(hasUnknown ? [unknownBeside] : []),
  ]
  const spell = (longestMs: number): Spell => ({ fromMs: 0, toMs: own.between(second, longestMs) })
  const away = own.chance(0.5) ? [spell(faultsUntilMs)] : []
  // A name that was made just now, and that not every name server has heard of.
  const young = kind === 'one name' && own.chance(0.3) ? [spell(25 * second)] : []
  const dice = own.fork()
  return {
    inPlaceOf: () => submitted,
    kind,
    hasUnknown,
    allUnknown: kind === 'unknown',
    resolverOf: (life) => async (name) => {
      await sleep(life.clock, dice.next() * 300)
      if (within(away, elapsedMs()) && dice.chance(0.9)) throw answer('EAI_AGAIN')
      const found = within(young, elapsedMs()) ? undefined : zone.get(name)
      if (found === undefined) throw answer('ENOTFOUND')
      const from = dice.below(found.length)
      return [...found.slice(from), ...found.slice(0, from)]
    },
  }
}

const answer = (code: string): Error => Object.assign(new Error(`${code}: a simulated name server`), { code })
