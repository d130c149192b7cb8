import { describe, expect, test } from 'vitest'
import { ganeshaMissing } from '../../support/ganesha.ts'
import {
  allRead,
  callsAreAbout,
  fileBytes,
  nothingIsRead,
  oneReads,
  readsAreAbout,
  Steered,
  shareIsAbout,
} from '../../support/steered.ts'

const missing = ganeshaMissing()
if (missing !== undefined) console.log(`SKIPPED: steering with real processes, because ${missing}`)

/*
 * That a wish holds within ten seconds is shown in virtual time (test/simulation/steering.test.ts) and measured by
 * `npm run bench -- steer`. Here: that it holds at all, on every worker, when people ask with the real program.
 */
const stillMs = 1_000
const rateMs = 1_500
const sharesMs = 3_000

describe.skipIf(missing !== undefined)('a job of two workers', { timeout: 240_000 }, () => {
  test('is paused, resumed, held to ceilings and weights, and cancelled, on both of them', async () => {
    await using steered = await Steered.start()
    const night = steered.submit('night')
    await steered.until(500, allRead)

    await steered.tell('pause', 'night')
    await steered.until(stillMs, nothingIsRead)
    expect(await steered.state('night')).toBe('paused')

    await steered.tell('resume', 'night')
    await steered.until(500, allRead)

    await steered.tell('change', 'night', '--max-requests-per-second', '60')
    await steered.until(rateMs, callsAreAbout(60))

    const bytes = String(80 * fileBytes('night'))
    await steered.tell('change', 'night', '--max-requests-per-second', 'none', '--max-bytes-per-second', bytes)
    await steered.until(rateMs, readsAreAbout(80))

    await steered.tell('change', 'night', '--max-bytes-per-second', 'none', '--max-workers', '1')
    await steered.until(stillMs, oneReads)

    await steered.tell('change', 'night', '--max-workers', 'none', '--weight', '30')
    const day = steered.submit('day', '--weight', '10')
    await steered.until(sharesMs, shareIsAbout(3 / 4))

    await steered.tell('cancel', 'night')
    await steered.until(stillMs, nothingIsRead)
    const { code, stdout } = await night.finished
    expect({ code, report: JSON.parse(stdout) as unknown }).toMatchObject({ code: 1, report: { outcome: 'cancelled' } })
    // A request for one job did not change the other.
    expect(await steered.state('day')).toBe('running')
    expect(day.process.exitCode).toBeNull()
  })
})
