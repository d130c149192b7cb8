import {
  allRead,
  callsAreAbout,
  fileBytes,
  nothingHolds,
  nothingIsRead,
  oneReads,
  type Rates,
  readsAreAbout,
  Steered,
  shareIsAbout,
} from '../../test/support/steered.ts'
import { median, printTable, seconds } from './table.ts'

const workers = 2
const stillMs = 2_000
const rateMs = 2_000
const sharesMs = 4_000

/** A request, and its effect that must be visible on all workers for this time. */
interface Step {
  readonly name: string
  readonly wish: () => Promise<void>
  readonly windowMs: number
  readonly holds: (rates: Rates) => boolean
}

/** From the start of `cachewarmer-submit` until what it asks for holds on all workers, by the reads of each. */
export async function benchSteer({ rounds, quick }: { rounds: number; quick: boolean }): Promise<void> {
  const took = new Map<string, number[]>()
  for (let round = 0; round < (quick ? 1 : rounds); round += 1)
    for (const [name, ms] of await oneRound()) took.set(name, [...(took.get(name) ?? []), ms])
  printTable(
    `Until a wish holds on each of ${workers} worker processes, of ${quick ? 1 : rounds} rounds; asked: within 10 s`,
    ['wish', 'median', 'longest'],
    [...took].map(([name, ms]) => [name, seconds(median(ms)), seconds(Math.max(...ms))]),
  )
}

async function oneRound(): Promise<(readonly [name: string, ms: number])[]> {
  await using steered = await Steered.start({ workers, hundredsOfFiles: 250 })
  steered.submit('night')
  await steered.until(1_000, allRead)
  const took: (readonly [string, number])[] = []
  for (const { name, wish, windowMs, holds } of steps(steered)) {
    const askedAtMs = performance.now()
    const [heldAtMs] = await Promise.all([steered.until(windowMs, holds), wish()])
    took.push([name, heldAtMs - askedAtMs])
    if (process.env['DEBUG'] !== undefined) console.log(`${name}: ${seconds(heldAtMs - askedAtMs)}`)
  }
  return took
}

function steps(steered: Steered): Step[] {
  const tell =
    (...[command, ...args]: Parameters<Steered['tell']>): (() => Promise<void>) =>
    () =>
      steered.tell(command, ...args)
  const another = async (): Promise<void> => void steered.submit('day')
  const change = (option: string, value: number | 'none'): (() => Promise<void>) =>
    tell('change', 'night', `--${option}`, String(value))
  const bytes = 60 * fileBytes('night')
  return [
    { name: 'pause', wish: tell('pause', 'night'), windowMs: stillMs, holds: nothingIsRead },
    { name: 'resume', wish: tell('resume', 'night'), windowMs: 500, holds: allRead },
    { name: '60 requests/s', wish: change('max-requests-per-second', 60), windowMs: rateMs, holds: callsAreAbout(60) },
    {
      name: '160 requests/s',
      wish: change('max-requests-per-second', 160),
      windowMs: rateMs,
      holds: callsAreAbout(160),
    },
    { name: 'any number', wish: change('max-requests-per-second', 'none'), windowMs: rateMs, holds: nothingHolds },
    {
      name: 'bytes of 60 files/s',
      wish: change('max-bytes-per-second', bytes),
      windowMs: rateMs,
      holds: readsAreAbout(60),
    },
    {
      name: 'any number of bytes',
      wish: change('max-bytes-per-second', 'none'),
      windowMs: rateMs,
      holds: nothingHolds,
    },
    { name: 'one worker', wish: change('max-workers', 1), windowMs: stillMs, holds: oneReads },
    { name: 'any number of workers', wish: change('max-workers', 'none'), windowMs: 500, holds: allRead },
    { name: 'another job of the same weight', wish: another, windowMs: sharesMs, holds: shareIsAbout(1 / 2) },
    { name: 'weight 30 beside 10', wish: change('weight', 30), windowMs: sharesMs, holds: shareIsAbout(3 / 4) },
    { name: 'weight 3 beside 10', wish: change('weight', 3), windowMs: sharesMs, holds: shareIsAbout(3 / 13) },
    { name: 'cancel', wish: tell('cancel', 'night'), windowMs: stillMs, holds: nothingIsRead },
  ]
}
