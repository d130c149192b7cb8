import { isNfsError, NfsError, type NfsErrorCode, type NfsErrorDetails } from '../errors.ts'
import type { DirectoryEntry, DirectoryPage } from '../nfs3/directories.ts'
import { type NameBudget, NameSet } from './name-set.ts'
import { type PageMark, Trail } from './trail.ts'

/** Where a listing resumes: what a page brought along. The first page is at 0n, 0n. */
export interface ListPosition {
  readonly cookie: bigint
  readonly cookieVerifier: bigint
  /** Where the listing has been, so that it is found out when it leads back there. At most 32. Default: nowhere. */
  readonly marks?: readonly PageMark[] | undefined
  /** Pages in a row, up to here, that brought no new name. Default 0. */
  readonly idlePages?: number | undefined
}

/** A page without the names that came before. */
export interface ListedPage extends DirectoryPage {
  /** Where the listing resumes, here or elsewhere. Undefined: nothing follows, or it can't be resumed elsewhere. */
  readonly next: ListPosition | undefined
}

/** How one page is asked for. `count`: its size in bytes. */
export type AskPage = (plus: boolean, position: ListPosition, count: number) => Promise<DirectoryPage>

/** What the listings of one export have in common. */
export interface ListingExport {
  /** Bytes of a page, and of the largest that may be asked for. */
  readonly pageBytes: number
  readonly mostPageBytes: number
  /** Host and export, for errors. */
  readonly where: NfsErrorDetails
  readonly names: NameBudget
  /** False once the server said that it does not support READDIRPLUS, and never answered one. */
  plus: boolean
  /** It answered one. */
  plusWorks: boolean
}

/** More pages in a row without a new name are no listing that ever ends. */
const mostIdlePages = 1_000
/** How often a listing starts over; each time has to bring a new name. */
const mostStarts = 16
/** How often a page that is too small for one entry is asked for again, twice as large. */
const mostDoublings = 3

const start: ListPosition = { cookie: 0n, cookieVerifier: 0n }

/** READDIRPLUS failed with what one entry may be to blame for: READDIR looks at none of them. */
const perhapsOneEntry: ReadonlySet<NfsErrorCode> = new Set([
  'IO',
  'SERVERFAULT',
  'XDEV',
  'REMOTE',
  'INVAL',
  'BADTYPE',
  'TOOSMALL',
  'PROTOCOL',
])

/**
 * One directory, page by page. It always ends: a listing that leads back to where it was, or that
 * brings no new name for 1,000 pages, fails with `LISTING_LOOPS`. No name comes twice while all are held (a million in all
 * listings of an export); until then a listing whose cookie goes stale starts over, and skips the names that it gave.
 */
export class Listing {
  private readonly shared: ListingExport
  private readonly ask: AskPage
  private readonly names: NameSet
  private readonly fromTop: boolean
  private position: ListPosition
  private trail: Trail
  /** Where names are not held: those of the last page that a server may give again, as it resumes among them. */
  private tail: ReadonlySet<string> = new Set()
  private plus = true
  private count: number
  /** Pages since it last started, and the most of any start before. */
  private pages = 0
  private mostPages = 0
  private given = 0
  private starts = 0
  private idlePages: number
  /** Names given when it last started over. */
  private givenAtStart = -1

  constructor(shared: ListingExport, ask: AskPage, from: ListPosition = start) {
    this.shared = shared
    this.ask = ask
    this.names = new NameSet(shared.names)
    this.position = from
    this.fromTop = from.cookie === 0n
    this.trail = new Trail(from.marks)
    this.idlePages = from.idlePages ?? 0
    this.count = shared.pageBytes
  }

  async *run(): AsyncGenerator<ListedPage, void, undefined> {
    try {
      for (;;) {
        const page = await this.nextPage()
        if (page === undefined) continue
        const loops = this.trail.leadsBack(page, this.position.cookie)
        const listed = this.take(page, loops)
        if (!loops || listed.entries.length > 0) yield listed
        if (loops) throw this.loops('the server leads the listing back to where it was')
        if (page.eof) return
        if (this.idlePages >= mostIdlePages)
          throw this.loops(`the server gave ${mostIdlePages} pages in a row without a new name, and none was the last`)
      }
    } finally {
      this.names.release()
    }
  }

  /** Undefined where the listing starts over. */
  private async nextPage(): Promise<DirectoryPage | undefined> {
    try {
      return await this.askFor(this.position)
    } catch (error) {
      if (!isNfsError(error) || error.code !== 'BAD_COOKIE' || !this.mayStartOver) throw error
      this.startOver()
      return undefined
    }
  }

  /** What of the page is new. Of a page that leads back, only names that are surely new. */
  private take(page: DirectoryPage, loops: boolean): ListedPage {
    // Most directories have one page: nothing that comes later has to be told from it.
    if (page.eof && this.pages === 0 && this.starts === 0 && !loops) return this.onlyPage(page)
    const fresh: DirectoryEntry[] = []
    for (const entry of page.entries) if (this.names.add(entry.name) && !this.tail.has(entry.name)) fresh.push(entry)
    const refused = page.refused.filter(({ name }) => this.names.add(name))
    if (loops && !(this.names.complete && this.fromTop)) return { ...page, entries: [], refused: [], next: undefined }
    const entries = fresh.length < page.entries.length ? fresh : page.entries
    this.given += entries.length
    this.pages++
    this.idlePages = entries.length + refused.length > 0 ? 0 : this.idlePages + 1
    if (page.eof || loops) return { ...page, entries, refused, next: undefined }
    this.trail.passed(page)
    const { cookie, cookieVerifier } = page
    if (!this.names.complete) this.tail = tailOf(page)
    this.position = { cookie, cookieVerifier }
    const next = { cookie, cookieVerifier, marks: this.trail.travelling(), idlePages: this.idlePages }
    return { ...page, entries, refused, next: this.starts > 0 ? undefined : next }
  }

  private onlyPage(page: DirectoryPage): ListedPage {
    const names = new Set<string>()
    for (const { name } of page.entries) names.add(name)
    // The second of two equal names is dropped.
    const entries =
      names.size === page.entries.length ? page.entries : page.entries.filter(({ name }) => names.delete(name))
    this.given = entries.length
    return { ...page, entries, next: undefined }
  }

  /** All names that were given are held, so none would come twice. */
  private get mayStartOver(): boolean {
    return this.fromTop && this.names.complete && this.starts < mostStarts && this.given > this.givenAtStart
  }

  private startOver(): void {
    this.starts++
    this.givenAtStart = this.given
    this.position = start
    this.trail = new Trail()
    // Pages of names that are known bring it back to where it was.
    this.mostPages = Math.max(this.mostPages, this.pages)
    this.idlePages = -this.mostPages
    this.pages = 0
  }

  private async askFor(position: ListPosition): Promise<DirectoryPage> {
    if (!this.plus || !this.shared.plus) return await this.askLarger(false, position)
    try {
      const page = await this.askLarger(true, position)
      this.shared.plusWorks = true
      return page
    } catch (error) {
      if (!isNfsError(error)) throw error
      if (error.code === 'NOTSUPP') {
        this.plus = false
        if (!this.shared.plusWorks) this.shared.plus = false
        return await this.askLarger(false, position)
      }
      if (!perhapsOneEntry.has(error.code)) throw error
      return await this.askWithout(position, error)
    }
  }

  /** Throws what READDIRPLUS failed with where READDIR does no better. */
  private async askWithout(position: ListPosition, cause: NfsError): Promise<DirectoryPage> {
    try {
      return await this.askLarger(false, position)
    } catch (error) {
      throw isNfsError(error) && error.code !== 'BAD_COOKIE' ? cause : error
    }
  }

  private async askLarger(plus: boolean, position: ListPosition): Promise<DirectoryPage> {
    for (let doublings = 0; ; doublings++) {
      try {
        return await this.ask(plus, position, this.count)
      } catch (error) {
        if (!isNfsError(error) || error.code !== 'TOOSMALL' || doublings >= mostDoublings) throw error
        if (this.count >= this.shared.mostPageBytes) throw error
        this.count = Math.min(2 * this.count, this.shared.mostPageBytes)
      }
    }
  }

  private loops(what: string): NfsError {
    const after = `after ${this.given.toLocaleString('en')} names, which count; what may follow them is not listed`
    return new NfsError('LISTING_LOOPS', `${what}, ${after}`, this.shared.where)
  }
}

/** The names at the end of a page that share its cookie. */
function tailOf({ entries, cookie }: DirectoryPage): ReadonlySet<string> {
  const names = new Set<string>()
  for (let at = entries.length - 1; entries[at]?.cookie === cookie; at--) names.add(entries[at]?.name ?? '')
  return names
}
