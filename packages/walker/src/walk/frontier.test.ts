import { describe, expect, test } from 'vitest'
import { Frontier } from './frontier.ts'
import { FileBatch } from './sources.ts'
import { Tallies, type Tally } from './tallies.ts'
import type { DirectoryUnit } from './units.ts'

const tallies = new Tallies([], { holdFailures: false })
const { root } = tallies
const directory = (path: string, tally: Tally = root, resume?: string): DirectoryUnit => ({
  kind: 'directory',
  path,
  real: path,
  resume,
  tally,
})
const batch = (path: string, names: string[], tally: Tally = root): FileBatch =>
  new FileBatch({ directory: path, real: path, tally, files: names.map((name) => ({ name, kind: 'file' })) })

describe('the frontier', () => {
  test('gives the last first: the deepest directory, and the files of the latest page in their order', () => {
    const frontier = new Frontier(tallies, { inOrder: false })
    frontier.addUnit(directory('/a'))
    frontier.addUnit(directory('/a/b'))
    frontier.addSource(batch('/a', ['x', 'y']))
    frontier.addSource(batch('/a/b', ['z']))
    expect(frontier.pending).toBe(5)
    expect([frontier.nextWalk(false, 1), frontier.nextWalk(false, 1), frontier.nextWalk(false, 1)]).toMatchObject([
      { path: '/a/b' },
      { path: '/a' },
      undefined,
    ])
    const reads = [1, 2, 3, 4].map(() => frontier.nextRead()?.path)
    expect(reads).toEqual(['/a/b/z', '/a/x', '/a/y', undefined])
    expect(frontier.pending).toBe(0)
  })

  test('gives away directories before files, and the oldest of both first', () => {
    const frontier = new Frontier(tallies, { inOrder: false })
    frontier.addUnit(directory('/a'))
    frontier.addUnit(directory('/b', root, '7'))
    frontier.addSource(batch('/', ['x', 'y', 'z']))
    frontier.addSource(batch('/a', ['w']))
    expect(frontier.give(1).map(({ part }) => part)).toEqual([{ kind: 'tree', path: '/a' }])
    expect(frontier.give(3).map(({ part }) => part)).toEqual([
      { kind: 'listing', path: '/b', resume: '7' },
      { kind: 'files', directory: '/', names: ['y', 'z'] },
    ])
    expect(frontier.pending).toBe(2)
    expect(frontier.give(Number.POSITIVE_INFINITY)).toHaveLength(2)
    expect(frontier.pending).toBe(0)
  })

  test('counts a part of files by its names, and gives it away only whole', () => {
    const frontier = new Frontier(tallies, { inOrder: false })
    frontier.addUnit({ kind: 'part', tally: root, part: { kind: 'files', directory: '/a', names: ['x', 'y', 'z'] } })
    expect(frontier.pending).toBe(3)
    expect(frontier.give(2)).toEqual([])
    expect(frontier.give(3)).toHaveLength(1)
    expect(frontier.pending).toBe(0)
  })

  test('forgets what belongs to a void tally', () => {
    const open = tallies.open(root, { kind: 'tree', path: '/a' })
    const frontier = new Frontier(tallies, { inOrder: false })
    frontier.addUnit(directory('/a/b', open))
    frontier.addUnit(directory('/c'))
    frontier.addSource(batch('/a', ['x', 'y'], open))
    frontier.addSource(batch('/', ['z']))
    tallies.void(open)
    frontier.keep((tally) => !tallies.isVoid(tally))
    expect([frontier.pending, frontier.nextRead()?.path, frontier.pending]).toEqual([2, '/z', 1])
  })
})
