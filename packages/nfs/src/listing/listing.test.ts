import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { NfsError, type NfsErrorCode } from '../errors.ts'
import type { DirectoryPage } from '../nfs3/directories.ts'
import { type AskPage, type ListedPage, Listing, type ListingExport, type ListPosition } from './listing.ts'

/** A directory as a server lists it: `cookies[i]` is where its listing resumes behind entry i. */
interface Model {
  readonly names: readonly string[]
  readonly cookies: readonly bigint[]
  /** Sizes of pages, by turns. */
  readonly sizes: readonly number[]
  /** Where the listing really resumes, given where it should. */
  readonly jump?: (index: number) => number
}

interface Server {
  calls: number
  readonly ask: AskPage
}

function serverOf({ names, cookies, sizes, jump = (index) => index }: Model): Server {
  const placeOf = new Map(cookies.map((cookie, at) => [cookie, at + 1]))
  const server: Server = {
    calls: 0,
    async ask(_plus, { cookie }) {
      const size = sizes[server.calls++ % sizes.length] as number
      const place = placeOf.get(cookie) ?? 0
      const from = jump(place)
      const upto = Math.min(names.length, from + size)
      return pageOf(names.slice(from, upto), cookies.slice(from, upto), cookie, upto === names.length)
    },
  }
  return server
}

const pageOf = (names: readonly string[], cookies: readonly bigint[], asked: bigint, eof: boolean): DirectoryPage => ({
  attributes: undefined,
  entries: names.map((name, at) => ({
    name,
    fileid: 1n,
    cookie: cookies[at] as bigint,
    attributes: undefined,
    handle: undefined,
  })),
  refused: [],
  cookie: cookies.at(-1) ?? asked,
  cookieVerifier: 1n,
  eof,
})

const sharing = (held = 1_000_000): ListingExport => ({
  pageBytes: 1_000,
  mostPageBytes: 4_000,
  where: { host: 'server', exportPath: '/export' },
  names: { left: held },
  plus: true,
  plusWorks: false,
})

interface Outcome {
  readonly names: string[]
  readonly pages: ListedPage[]
  readonly code: string | undefined
  readonly text: string
}

async function listed(listing: Listing): Promise<Outcome> {
  const pages: ListedPage[] = []
  const namesIn = (): string[] => pages.flatMap(({ entries }) => entries.map(({ name }) => name))
  try {
    for await (const page of listing.run()) pages.push(page)
    return { names: namesIn(), pages, code: undefined, text: '' }
  } catch (error) {
    if (!(error instanceof NfsError)) throw error
    return { names: namesIn(), pages, code: error.code, text: error.message }
  }
}

const list = (server: Server, held?: number, from?: ListPosition): Promise<Outcome> =>
  listed(new Listing(sharing(held), server.ask, from))

const namesUpTo = (count: number): string[] => Array.from({ length: count }, (_, at) => `f${at}`)
const rising = (count: number): bigint[] => Array.from({ length: count }, (_, at) => BigInt(at + 1))
const repeats = (names: readonly string[]): number => names.length - new Set(names).size

const anyCookies = (count: number): fc.Arbitrary<bigint[]> =>
  fc.uniqueArray(fc.bigInt({ min: 1n, max: 2n ** 64n - 1n }), { minLength: count, maxLength: count })
const anySizes = fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 5 })
const legal: fc.Arbitrary<Model> = fc
  .integer({ min: 0, max: 120 })
  .chain((count) => fc.record({ names: fc.constant(namesUpTo(count)), cookies: anyCookies(count), sizes: anySizes }))
const held = fc.constantFrom(0, 7, 1_000_000)

describe('a listing of a sound server', () => {
  test('gives every name once, with any cookies', async () => {
    await fc.assert(
      fc.asyncProperty(legal, held, async (model, names) => {
        expect(await list(serverOf(model), names)).toMatchObject({ names: model.names, code: undefined })
      }),
    )
  })

  test.each([4, 6])('gives a name that the server lists twice once, in pages of %i', async (size) => {
    const names = ['a', 'b', 'a', 'c', 'b', 'a']
    const given = await list(serverOf({ names, cookies: rising(6), sizes: [size] }))
    expect(given).toMatchObject({ names: ['a', 'b', 'c'], code: undefined })
  })

  test('resumes behind any page, in another process, and gives the rest once', async () => {
    await fc.assert(
      fc.asyncProperty(legal, fc.nat(), held, async (model, where, names) => {
        const { pages } = await list(serverOf(model))
        const at = where % pages.length
        const { next } = pages[at] as ListedPage
        if (next === undefined) return
        expect(next.marks?.length).toBeLessThanOrEqual(32)
        const rest = await list(serverOf(model), names, next)
        const before = pages.slice(0, at + 1).flatMap(({ entries }) => entries.map(({ name }) => name))
        expect(rest.code).toBeUndefined()
        expect([...before, ...rest.names]).toEqual(model.names)
      }),
    )
  })

  test('may give neighbours the same cookie, as ext4 does with names of one hash', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 40 }), async (groups) => {
        const places = groups.flatMap((size, at) => Array.from({ length: size }, () => BigInt(at + 1)))
        const names = namesUpTo(places.length)
        // The cookie of an entry is the place of the one behind it, and a page begins with the first of its place.
        const cookies = names.map((_, at) => places[at + 1] ?? 2n ** 63n - 1n)
        const ask: AskPage = async (_plus, { cookie }) => {
          const from = cookie === 0n ? 0 : places.indexOf(cookie)
          const upto = Math.min(names.length, from + 4)
          return pageOf(names.slice(from, upto), cookies.slice(from, upto), cookie, upto === names.length)
        }
        expect(await listed(new Listing(sharing(), ask))).toMatchObject({ names, code: undefined })
      }),
    )
  })

  test('of 5,000 pages is no false alarm, and travels with 32 marks', async () => {
    const server = serverOf({ names: namesUpTo(10_000), cookies: rising(10_000), sizes: [2] })
    const { names, code, pages } = await list(server, 0)
    expect([names.length, code, server.calls]).toEqual([10_000, undefined, 5_000])
    expect(pages.at(-2)?.next?.marks).toHaveLength(32)
  })
})

/** A legal listing that jumps from one place back to an earlier one: once, or each time it comes by. */
const jumping = fc
  .tuple(legal, fc.nat(), fc.nat(), fc.boolean())
  .filter(([{ names }]) => names.length > 1)
  .map(([model, from, to, once]) => ({ model, from: 1 + (from % (model.names.length - 1)), to, once }))
  .map(({ model, from, to, once }) => ({ model, from, to: to % from, once }))

function jumps(model: Model, { from, to, once }: { from: number; to: number; once: boolean }): Server {
  let done = false
  const jump = (index: number): number => {
    if (index < from || (once && done)) return index
    done = true
    return to
  }
  return serverOf({ ...model, jump })
}

describe('a listing that leads back', () => {
  test('is found out, once or in a cycle of any period, and no name comes twice while names are held', async () => {
    await fc.assert(
      fc.asyncProperty(jumping, async ({ model, ...jump }) => {
        const server = jumps(model, jump)
        const { names, code } = await list(server)
        // A page that goes over the place never comes by it.
        if (code === undefined) expect(names).toEqual(model.names)
        else expect(code).toBe('LISTING_LOOPS')
        expect(repeats(names)).toBe(0)
        expect(server.calls).toBeLessThan(2 * model.names.length + 3)
      }),
    )
  })

  test('is found out by its cookies alone within the entries of a page or two', async () => {
    await fc.assert(
      fc.asyncProperty(jumping, async ({ model, ...jump }) => {
        const server = jumps(model, jump)
        const { names, code } = await list(server, 0)
        if (code === undefined) expect(names).toEqual(model.names)
        else expect(repeats(names)).toBeLessThanOrEqual(2 * Math.max(...model.sizes))
      }),
    )
  })

  test.each([
    ['to the top for ever', 100, 0, false],
    ['to the top once', 100, 0, true],
    ['in a cycle of 3 pages', 110, 80, false],
    ['at its last page', 110, 0, true],
    ['to the page before', 60, 50, false],
    ['to the middle of a page', 60, 37, true],
  ])('%s: everything counts once, and the error says how much that is', async (_what, from, to, once) => {
    const model = { names: namesUpTo(120), cookies: rising(120), sizes: [10] }
    const { names, code, text } = await list(jumps(model, { from, to, once }))
    expect([code, names]).toEqual(['LISTING_LOOPS', namesUpTo(from)])
    expect(text).toContain(`after ${from} names, which count`)
  })

  test('counts nothing of the page that leads back where no names are held', async () => {
    const model = { names: namesUpTo(120), cookies: rising(120), sizes: [10] }
    for (const to of [0, 37, 80]) {
      const { names, code } = await list(jumps(model, { from: 100, to, once: false }), 0)
      expect([code, names]).toEqual(['LISTING_LOOPS', namesUpTo(100)])
    }
  })

  test('after it was resumed elsewhere is found out by the marks that came along', async () => {
    await fc.assert(
      fc.asyncProperty(jumping, fc.nat(), async ({ model, ...jump }, where) => {
        const { pages } = await list(jumps(model, { ...jump, once: false }), 0)
        const place = pages[where % Math.max(1, pages.length)]
        if (place?.next === undefined) return
        const server = jumps(model, jump)
        const { names, code } = await list(server, 0, place.next)
        if (code !== undefined) expect(code).toBe('LISTING_LOOPS')
        expect(repeats(names)).toBeLessThanOrEqual(2 * Math.max(...model.sizes))
        expect(server.calls).toBeLessThan(2 * model.names.length + 3)
      }),
    )
  })

  test('deep in a directory of 5,000 pages is found out within a few of them', async () => {
    for (const [from, to] of [
      [9_000, 8_000],
      [9_998, 3],
      [4_500, 4_480],
      [9_000, 0],
    ] as const) {
      const server = jumps({ names: namesUpTo(10_000), cookies: rising(10_000), sizes: [2] }, { from, to, once: false })
      const { names, code } = await list(server, 0)
      expect(code).toBe('LISTING_LOOPS')
      expect(repeats(names)).toBeLessThanOrEqual(40)
    }
  })

  test('with cookies that are new each time is found out by its names', async () => {
    let calls = 0
    const ask: AskPage = async (_plus, { cookie }) => {
      const names = Array.from({ length: 50 }, (_, at) => `f${(calls * 50 + at) % 120}`)
      calls++
      return pageOf(
        names,
        names.map((_, at) => cookie + BigInt(at + 1)),
        cookie,
        false,
      )
    }
    const { names, code } = await listed(new Listing(sharing(), ask))
    expect([code, repeats(names), names.length]).toEqual(['LISTING_LOOPS', 0, 120])
    expect(calls).toBeLessThan(20)
  })
})

describe('a listing without an end', () => {
  test('of empty pages that do not move on ends at the first', async () => {
    const ask: AskPage = async (_plus, { cookie }) => pageOf([], [], cookie, false)
    expect(await listed(new Listing(sharing(), ask))).toMatchObject({ names: [], code: 'LISTING_LOOPS' })
  })

  test('of pages without a name ends after 1,000 of them, wherever they are asked for', async () => {
    let calls = 0
    const ask: AskPage = async (_plus, { cookie }) => {
      calls++
      return { ...pageOf([], [], cookie, false), cookie: cookie + 1n }
    }
    const { code, pages } = await listed(new Listing(sharing(), ask))
    expect([code, calls]).toEqual(['LISTING_LOOPS', 1_000])
    const rest = await listed(new Listing(sharing(), ask, pages[899]?.next))
    expect([rest.code, calls]).toEqual(['LISTING_LOOPS', 1_100])
  })

  test('is none while a name comes every 999 pages', async () => {
    let calls = 0
    const ask: AskPage = async (_plus, { cookie }) => {
      const name = ++calls % 1_000 === 0 ? [`f${calls}`] : []
      return { ...pageOf(name, [cookie + 1n], cookie, calls === 3_001), cookie: cookie + 1n }
    }
    expect(await listed(new Listing(sharing(), ask))).toMatchObject({
      names: ['f1000', 'f2000', 'f3000'],
      code: undefined,
    })
  })
})

const fails = (code: NfsErrorCode): never => {
  throw new NfsError(code, code)
}

describe('a cookie that went stale', () => {
  const model = { names: namesUpTo(120), cookies: rising(120), sizes: [10] }

  /** The server with a fault at some calls. */
  const staleAt = (...calls: number[]): Server => {
    const sound = serverOf(model)
    const server: Server = {
      calls: 0,
      ask: (...args) => (calls.includes(++server.calls) ? fails('BAD_COOKIE') : sound.ask(...args)),
    }
    return server
  }

  test('starts the listing over, and what was given is skipped', async () => {
    const { names, code, pages } = await list(staleAt(5, 12))
    expect([names, code]).toEqual([model.names, undefined])
    // Elsewhere it is unknown which names to skip.
    expect(pages.slice(0, 4).every(({ next }) => next !== undefined)).toBe(true)
    expect(pages.slice(4).every(({ next }) => next === undefined)).toBe(true)
  })

  test('fails the listing where not all names are held, or it was resumed', async () => {
    expect(await list(staleAt(5), 20)).toMatchObject({ code: 'BAD_COOKIE' })
    const { pages } = await list(serverOf(model))
    expect(await list(staleAt(3), undefined, pages[3]?.next)).toMatchObject({ code: 'BAD_COOKIE' })
  })

  test('fails the listing where starting over brings nothing new', async () => {
    const server = staleAt(...Array.from({ length: 1_000 }, (_, at) => at).filter((call) => call > 4 && call % 4 === 0))
    const { names, code } = await list(server)
    expect([names.length, code]).toEqual([70, 'BAD_COOKIE'])
  })

  test('does not end a listing for the pages of known names behind it', async () => {
    const long = { names: namesUpTo(1_600), cookies: rising(1_600), sizes: [1] }
    const sound = serverOf(long)
    let calls = 0
    const ask: AskPage = (...args) => (++calls === 1_500 ? fails('BAD_COOKIE') : sound.ask(...args))
    expect(await listed(new Listing(sharing(), ask))).toMatchObject({ names: long.names, code: undefined })
  })
})

describe('a page', () => {
  const model = { names: namesUpTo(30), cookies: rising(30), sizes: [10] }

  /** Which calls were made, as `plus` or `names` with the size of the page; those that `refuse` names fail. */
  function asked(refuse: (plus: boolean, count: number, nth: number) => NfsErrorCode | undefined) {
    const sound = serverOf(model)
    const calls: string[] = []
    const ask: AskPage = (plus, position, count) => {
      calls.push(`${plus ? 'plus' : 'names'} ${count}`)
      const code = refuse(plus, count, calls.length)
      return code === undefined ? sound.ask(plus, position, count) : fails(code)
    }
    return { ask, calls }
  }

  test('that is too small is asked for twice as large, and so are the next', async () => {
    const { ask, calls } = asked((_plus, count) => (count < 4_000 ? 'TOOSMALL' : undefined))
    expect(await listed(new Listing(sharing(), ask))).toMatchObject({ names: model.names, code: undefined })
    expect(calls).toEqual(['plus 1000', 'plus 2000', 'plus 4000', 'plus 4000', 'plus 4000'])
  })

  test('that is too small with attributes, however large, is asked for without', async () => {
    const { ask, calls } = asked((plus) => (plus ? 'TOOSMALL' : undefined))
    expect(await listed(new Listing(sharing(), ask))).toMatchObject({ names: model.names, code: undefined })
    expect(calls.slice(0, 4)).toEqual(['plus 1000', 'plus 2000', 'plus 4000', 'names 4000'])
  })

  test.each(['IO', 'SERVERFAULT', 'XDEV', 'PROTOCOL'] as const)(
    'that fails with %s for the attributes of an entry is asked for without them',
    async (code) => {
      const { ask, calls } = asked((plus, _count, nth) => (plus && nth === 2 ? code : undefined))
      expect(await listed(new Listing(sharing(), ask))).toMatchObject({ names: model.names, code: undefined })
      expect(calls).toEqual(['plus 1000', 'plus 1000', 'names 1000', 'plus 1000'])
    },
  )

  test('that fails either way fails as it did at first', async () => {
    const { ask } = asked((plus, _count, nth) => (nth < 2 ? undefined : plus ? 'IO' : 'SERVERFAULT'))
    expect(await listed(new Listing(sharing(), ask))).toMatchObject({ names: namesUpTo(10), code: 'IO' })
  })

  test('that is refused for the directory`s sake is not asked for again', async () => {
    const { ask, calls } = asked(() => 'ACCES')
    expect(await listed(new Listing(sharing(), ask))).toMatchObject({ code: 'ACCES' })
    expect(calls).toHaveLength(1)
  })

  test('without support for attributes is asked for without: of one directory where others have it, else of all', async () => {
    const shared = sharing()
    const never = asked((plus) => (plus ? 'NOTSUPP' : undefined))
    await listed(new Listing(shared, never.ask))
    await listed(new Listing(shared, never.ask))
    expect(never.calls.filter((call) => call.startsWith('plus'))).toHaveLength(1)
    const mixed = sharing()
    await listed(new Listing(mixed, asked(() => undefined).ask))
    await listed(new Listing(mixed, never.ask))
    expect(mixed.plus).toBe(true)
  })
})

test('the names of all listings of an export share one budget, and give it back', async () => {
  const shared = sharing(150)
  const model = { names: namesUpTo(100), cookies: rising(100), sizes: [10] }
  const first = new Listing(shared, serverOf(model).ask).run()
  for (let page = 0; page < 9; page++) await first.next()
  expect(shared.names.left).toBe(60)
  await listed(new Listing(shared, serverOf(model).ask))
  expect(shared.names.left).toBe(60)
  await first.return()
  expect(shared.names.left).toBe(150)
})

test('two entries of one name are one', async () => {
  const ask: AskPage = async (_plus, { cookie }) => pageOf(['a', 'b', 'a'], rising(3), cookie, true)
  expect(await listed(new Listing(sharing(), ask))).toMatchObject({ names: ['a', 'b'], code: undefined })
})
