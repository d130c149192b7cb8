import { describe, expect, test } from 'vitest'
import { clientOf, Guesses } from './guesses.ts'

describe('guesses of a token', () => {
  test('are slowed down after twenty, to one a second', () => {
    const guesses = new Guesses()
    for (let n = 0; n < 20; n++) {
      expect(guesses.waitMs('10.0.0.9', 0)).toBe(0)
      guesses.wrong('10.0.0.9', 0)
    }
    expect(guesses.waitMs('10.0.0.9', 0)).toBe(1_000)
    expect(guesses.waitMs('10.0.0.9', 999)).toBe(1)
    expect(guesses.waitMs('10.0.0.9', 1_000)).toBe(0)
    guesses.wrong('10.0.0.9', 1_000)
    expect(guesses.waitMs('10.0.0.9', 1_000)).toBe(1_000)
  })

  test('of one client do not hold up another', () => {
    const guesses = new Guesses()
    for (let n = 0; n < 100; n++) guesses.wrong('10.0.0.9', 0)
    expect(guesses.waitMs('10.0.0.10', 0)).toBe(0)
  })

  test('are remembered of a bounded number of clients, and a clock set back frees and locks out none', () => {
    const guesses = new Guesses()
    for (let n = 0; n < 20; n++) guesses.wrong('first', 5_000)
    expect(guesses.waitMs('first', 0)).toBe(1_000)
    for (let n = 0; n < 2_000; n++) guesses.wrong(`client-${n}`, 5_000)
    expect(guesses.waitMs('first', 5_000)).toBe(0)
  })

  test.each([
    ['10.0.0.9', '10.0.0.9'],
    ['::ffff:10.0.0.9', '10.0.0.9'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8:1:2::9', '2001:db8:1:2::/64'],
    ['2001:db8::9', '2001:db8:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    [undefined, ''],
  ])('of %s count for %s', (address, client) => expect(clientOf(address)).toBe(client))
})
