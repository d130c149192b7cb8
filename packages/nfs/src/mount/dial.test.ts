import { expect, test } from 'vitest'
import { NfsError } from '../errors.ts'
import { jukeboxPolicy } from './dial.ts'

const jukebox = new NfsError('JUKEBOX', 'later')

test('waits double up to five seconds, half of each at random', () => {
  const most = jukeboxPolicy(1e9, () => 0.999_999)
  const least = jukeboxPolicy(1e9, () => 0)
  expect([0, 1, 2, 5, 6, 60].map((waits) => Math.round(most(jukebox, waits, 0) ?? -1))).toEqual([
    100, 200, 400, 3_200, 5_000, 5_000,
  ])
  expect([0, 1, 60].map((waits) => least(jukebox, waits, 0))).toEqual([50, 100, 2_500])
})

test('no wait ends after the time that all calls or this one may take, and zero waits for nothing', () => {
  const policy = jukeboxPolicy(1_000, () => 0)
  expect([policy(jukebox, 0, 950), policy(jukebox, 0, 951)]).toEqual([50, undefined])
  expect([policy(jukebox, 0, 450, 500), policy(jukebox, 0, 451, 500), policy(jukebox, 0, 951, 2_000)]).toEqual([
    50,
    undefined,
    undefined,
  ])
  expect(jukeboxPolicy(0, () => 0)(jukebox, 0, 0)).toBeUndefined()
})

test('no other error is waited out', () => {
  expect(jukeboxPolicy(1e9, () => 0)(new NfsError('IO', 'broken'), 0, 0)).toBeUndefined()
})
