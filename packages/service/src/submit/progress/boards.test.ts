import type { RunStatus } from '@cachewarmer/core'
import { describe, expect, test } from 'vitest'
import { anEnded, aStatus, withCounts } from '../testing/builders.ts'
import { progressView } from './boards.ts'
import { progressLine } from './live-board.ts'

const running = withCounts(
  aStatus(),
  { files: 20_000, bytes: 683_671_552 },
  {
    items: { announced: 20, done: 12 },
    workers: 4,
    elapsedMs: 12_345,
    ratesPerSecond: { files: 1_626, bytes: 55_574_528 },
  },
)
const later = (ms: number): RunStatus => ({ ...running, updatedAtMs: running.updatedAtMs + ms })

/** A stream that keeps what was written. */
function stream(terminal?: { columns: number }) {
  const written: string[] = []
  const write = (text: string) => void written.push(text)
  return { written, text: () => written.join(''), ...terminal, isTTY: terminal !== undefined, write }
}

/** What a terminal shows after all that was written: a carriage return begins the line anew, CSI K clears it. */
function screen(text: string): string[] {
  return text.split('\n').map((line) => line.split('\r\u001b[K').at(-1) ?? '')
}

describe('a line of progress', () => {
  test('has a bar and all there is to say, where there is room', () => {
    expect(progressLine(running, 200)).toBe(
      '████████████░░░░░░░░  20,000 files  652 MiB  1,626 files/s  53 MiB/s  12.3s  4 workers  12/20 items',
    )
  })

  test('says how much time is left and how much is done of all, where it is known', () => {
    const expected = { files: 80_000, bytes: 1, share: 0.25, from: 'walk' as const }
    const { items } = running.progress
    const known = withCounts(running, {}, { items, expected, timeLeftMs: 125_400 })
    expect(progressLine(known, 60)).toBe('█████░░░░░░░░░░░░░░░  20,000 files  2m 5s left  652 MiB')
    expect(progressLine({ ...known, state: 'ended' }, 60)).not.toContain('left')
  })

  test('is never wider than asked, and never cuts a part in two', () => {
    const parts = new Set(progressLine(running, 200).split('  '))
    for (let columns = 0; columns <= 120; columns++) {
      const line = progressLine(running, columns)
      expect(line.length).toBeLessThanOrEqual(columns)
      for (const part of line === '' ? [] : line.split('  ')) expect(parts).toContain(part)
    }
  })

  test('says first that a run is paused, then what failed', () => {
    const status = withCounts({ ...running, state: 'paused' }, { failures: { IO: 1, ACCESS_DENIED: 2 } })
    expect(progressLine(status, 70)).toBe('████████████░░░░░░░░  paused  20,000 files  3 failures  652 MiB')
  })

  test.each([
    [0, 0, '░'.repeat(20)],
    [1, 0, '░'.repeat(20)],
    [1, 1, `${'█'.repeat(19)}░`],
    [1_000, 999, `${'█'.repeat(19)}░`],
  ])('of %i items %i done are no full bar before the end', (announced, done, bar) => {
    expect(progressLine(withCounts(aStatus(), {}, { items: { announced, done } }), 20)).toBe(bar)
  })

  test('is full at the end', () => {
    expect(progressLine(anEnded('warmed'), 20)).toBe('█'.repeat(20))
  })
})

describe('progress on a terminal', () => {
  test('is one line that is drawn over, one column short of the width', () => {
    const out = stream({ columns: 60 })
    const view = progressView(out)
    view.waiting({ jobsBefore: 2 })
    expect(screen(out.text())).toEqual(['waiting for a manager, 2 jobs before this one'])
    view.waiting({ jobsBefore: 0 })
    expect(screen(out.text())).toEqual(['waiting for a manager'])
    view.show(running)
    expect(screen(out.text())).toEqual([progressLine(running, 59)])
  })

  test('leaves the last column free, so that no terminal wraps', () => {
    const whole = progressLine(running, 200)
    for (const [columns, line] of [
      [whole.length + 1, whole],
      [whole.length, whole.replace(/ {2}12\/20 items$/, '')],
    ] as const) {
      const out = stream({ columns })
      progressView(out).show(running)
      expect(screen(out.text())).toEqual([line])
    }
  })

  test('follows a width that changes', () => {
    const out = { ...stream({ columns: 60 }) }
    const view = progressView(out)
    view.show(running)
    out.columns = 30
    view.show(running)
    expect(screen(out.text())).toEqual([progressLine(running, 29)])
  })

  test('takes a terminal that tells no width for one of 80 columns', () => {
    const out = stream({ columns: 0 })
    progressView(out).show(running)
    expect(screen(out.text())).toEqual([progressLine(running, 79)])
  })

  test('writes nothing where nothing has changed', () => {
    const out = stream({ columns: 60 })
    const view = progressView(out)
    view.show(running)
    const before = out.written.length
    view.show(later(1_000))
    expect(out.written).toHaveLength(before)
  })

  test('notes stay above the bar', () => {
    const out = stream({ columns: 60 })
    const view = progressView(out)
    view.show(running)
    view.note('run \u001b[2J takes over')
    expect(screen(out.text())).toEqual(['run \\x1b[2J takes over', progressLine(running, 59)])
  })

  test('leaves an empty line behind, also when it is disposed of', () => {
    const out = stream({ columns: 60 })
    {
      using view = progressView(out)
      view.show(running)
    }
    expect(screen(out.text())).toEqual([''])
    const never = stream({ columns: 60 })
    progressView(never).end()
    expect(never.written).toEqual([])
  })

  test('sends no other control sequence than the one that clears the line', () => {
    const out = stream({ columns: 60 })
    const view = progressView(out)
    view.waiting({ jobsBefore: 1 })
    view.show(running)
    view.end()
    expect(out.text().replaceAll('\r\u001b[K', '')).not.toMatch(/\p{Cc}/u)
  })
})

describe('progress elsewhere', () => {
  test('is a line every few seconds, by the time of the statuses', () => {
    const out = stream()
    const view = progressView(out)
    for (const ms of [0, 1_000, 4_999, 5_000, 6_000, 10_000]) view.show(later(ms))
    expect(out.written).toHaveLength(3)
    expect(out.written[0]).toBe('20,000 files, 652 MiB, 1,626 files/s, 53 MiB/s, 12.3s, 4 workers, 12/20 items\n')
  })

  test('is a line at once where the state or the run changes', () => {
    const out = stream()
    const view = progressView(out)
    view.show(running)
    view.show({ ...later(1), state: 'paused' })
    view.show({ ...later(2), state: 'paused', run: 'run000000002' })
    view.show({ ...later(3), state: 'ended' })
    expect(out.written).toHaveLength(4)
    expect(out.written[1]).toMatch(/^paused, /)
  })

  test('says once how many jobs are before this one', () => {
    const out = stream()
    const view = progressView(out)
    for (const jobsBefore of [1, 1, 0, 0]) view.waiting({ jobsBefore })
    expect(out.written).toEqual(['waiting for a manager, 1 job before this one\n', 'waiting for a manager\n'])
  })

  test('holds no control characters, and ends without a word', () => {
    const out = stream()
    {
      using view = progressView(out)
      view.show(running)
      view.note('run \u001b[2J\n takes over')
    }
    expect(out.written.at(-1)).toBe('run \\x1b[2J\\n takes over\n')
    expect(out.text().replaceAll('\n', '')).not.toMatch(/\p{Cc}/u)
  })
})
