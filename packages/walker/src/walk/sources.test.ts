import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { hashPath, joinPath } from '../paths.ts'
import { type Chunk, FileBatch, LargeFile, type LargeFileOptions } from './sources.ts'
import { Tallies } from './tallies.ts'

const { root } = new Tallies([], { holdFailures: false })
const unit = { path: '/f', real: '/f', tally: root, as: 'name' } as const
const make = (options: Partial<LargeFileOptions> = {}): LargeFile =>
  new LargeFile({
    unit,
    offset: 0,
    length: Number.POSITIVE_INFINITY,
    size: undefined,
    ordinal: 0,
    chunkBytes: 10,
    rangeBytes: 30,
    ...options,
  })

const next = (file: LargeFile): Chunk => {
  const chunk = file.next()?.chunk
  if (!chunk) throw new Error('no chunk is left')
  return chunk
}

test.each(['/', '/a', '/a/b/c'])('the files of a batch in %s have the hashes of their paths', (directory) => {
  const batch = new FileBatch({ directory, real: directory, files: [{ name: 'x', kind: 'file' }], tally: root })
  const { path, hash } = batch.next() ?? {}
  expect([path, hash]).toEqual([joinPath(directory, 'x'), hashPath(joinPath(directory, 'x'))])
})

describe('a large file', () => {
  test('of unknown size gives one chunk, and the others once the size is known', () => {
    const file = make()
    expect(file.pending).toBe(1)
    expect(next(file)).toMatchObject({ offset: 0, length: 10, ordinal: 0 })
    expect(file.pending).toBe(0)
    expect(file.next()).toBeUndefined()
    expect(file.finished).toBe(false)
    file.plan(25)
    expect(file.pending).toBe(1)
    expect(next(file)).toMatchObject({ offset: 10, length: 10, ordinal: 1 })
    expect(next(file)).toMatchObject({ offset: 20, length: Number.POSITIVE_INFINITY, ordinal: 2 })
    expect(file.next()).toBeUndefined()
  })

  test('is pending in ranges', () => {
    expect(make({ size: 30 }).pending).toBe(1)
    expect(make({ size: 31 }).pending).toBe(2)
    expect(make({ size: 300 }).pending).toBe(10)
  })

  test('gives ranges of its far end, and reads on to where they begin', () => {
    const file = make({ size: 100 })
    expect(file.give(2)).toEqual([
      { part: { kind: 'range', path: '/f', offset: 60, length: 30, ordinal: 2 }, units: 1 },
      { part: { kind: 'range', path: '/f', offset: 90, length: undefined, ordinal: 3 }, units: 1 },
    ])
    const chunks = Array.from({ length: 6 }, () => next(file))
    expect(chunks.map(({ offset, length }) => [offset, length])).toEqual([0, 10, 20, 30, 40, 50].map((at) => [at, 10]))
    expect(file.next()).toBeUndefined()
  })

  test('that is begun keeps a piece, so that its end comes about', () => {
    const file = make({ size: 100 })
    next(file)
    expect(file.give(100)).toHaveLength(2)
    expect(file.pending).toBe(1)
    expect(file.give(100)).toEqual([])
  })

  test('that is not begun can be given away whole', () => {
    const file = make({ size: 50 })
    expect(file.give(100)).toHaveLength(2)
    expect(file.pending).toBe(0)
    expect(file.next()).toBeUndefined()
  })

  test('asked for a range, stays within it', () => {
    const file = make({ offset: 100, length: 25, ordinal: 4 })
    const chunks = Array.from({ length: 3 }, () => next(file))
    expect(chunks.map(({ offset, length, ordinal }) => [offset, length, ordinal])).toEqual([
      [100, 10, 4],
      [110, 10, 5],
      [120, 5, 6],
    ])
  })

  test('counts the file when its beginning was read, and by the mounts that read that', () => {
    const file = make({ size: 20 })
    const [first, second] = [next(file), next(file)]
    file.done(second, 10, [{ mount: 'b', bytes: 10 }])
    expect(file.achieved(Infinity)).toMatchObject({ files: 0, bytes: 10 })
    file.done(first, 10, [{ mount: 'a', bytes: 10 }])
    expect(file.finished).toBe(true)
    expect(file.achieved(Infinity)).toEqual({
      files: 1,
      filesInPart: 0,
      bytes: 20,
      reads: [
        { mount: 'b', bytes: 10 },
        { mount: 'a', bytes: 10 },
      ],
      begunThrough: new Set(['a']),
    })
  })

  test('each byte is done, given away or left, exactly once', () => {
    fc.assert(
      fc.property(
        fc.record({
          size: fc.integer({ min: 1, max: 300 }),
          offset: fc.nat(50),
          length: fc.option(fc.integer({ min: 1, max: 200 }), { nil: Number.POSITIVE_INFINITY }),
          known: fc.boolean(),
          chunkBytes: fc.integer({ min: 1, max: 40 }),
          rangeBytes: fc.integer({ min: 1, max: 90 }),
          steps: fc.array(fc.oneof(fc.constantFrom('next', 'done', 'back'), fc.nat(4)), { maxLength: 30 }),
        }),
        ({ size, offset, length, known, chunkBytes, rangeBytes, steps }) => {
          const file = make({ size: known ? size : undefined, offset, length, chunkBytes, rangeBytes })
          const end = Math.min(size, offset + length)
          const covered: [number, number][] = []
          const cover = (from: number, bytes = Number.POSITIVE_INFINITY): number =>
            covered.push([from, Math.min(from + bytes, end)])
          const flying: Chunk[] = []
          for (const step of steps) {
            if (step === 'next') {
              const chunk = file.next()?.chunk
              if (chunk) flying.push(chunk)
            } else if (typeof step === 'number') {
              for (const { part } of file.give(step)) cover(part.offset, part.length)
            } else {
              const chunk = flying.shift()
              if (!chunk) continue
              if (!file.planned) file.plan(size)
              if (step === 'back') file.giveBack(chunk)
              else {
                file.done(chunk, 0, [])
                cover(chunk.offset, chunk.length)
              }
            }
          }
          for (const chunk of flying) file.giveBack(chunk)
          for (const part of file.giveRest()) cover(part.offset, part.length)
          expect(file.pending).toBe(0)
          const spans = covered.filter(([from, to]) => to > from).toSorted(([a], [b]) => a - b)
          const edges = spans.map(([from]) => from)
          expect(edges).toEqual([offset, ...spans.map(([, to]) => to)].slice(0, spans.length))
          expect(spans.at(-1)?.[1]).toBe(offset < end ? end : undefined)
        },
      ),
      { numRuns: 500 },
    )
  })
})
