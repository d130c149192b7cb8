import type { DirectoryPage } from '../nfs3/directories.ts'
import { nameKey } from './name-set.ts'

/** What is kept of a page: where it ended, and which name it began with. */
export interface PageMark {
  readonly cookie: bigint
  /** Of the first name, as `nameKey` gives it; empty for a page without names. */
  readonly first: string
}

/** Marks that a trail keeps, and those that travel with a position. */
const mostMarks = 1_024
const mostTravelling = 32

/**
 * Where a listing has been. Cookies may come in any order, and each of them means its place in the directory alone: so an
 * entry whose cookie ended an earlier page was listed before, and so was the first name of an earlier page. Up to 1,024
 * pages are kept, spread evenly over the listing: after the nth doubling one page in 2^n. A listing that leads back to any
 * place is found out when it comes to the next mark: one that leads to the top with its first name.
 */
export class Trail {
  private marks: PageMark[]
  private cookies = new Set<bigint>()
  private firsts = new Set<string>()
  private stride = 1
  private pages = 0

  constructor(marks: readonly PageMark[] = []) {
    this.marks = [...marks]
    if (marks.length > 0) this.index()
  }

  /** Whether the page that was asked for at `asked` shows what earlier ones have shown. */
  leadsBack(page: DirectoryPage, asked: bigint): boolean {
    const { entries, cookie, eof } = page
    if (!eof && (cookie === asked || this.cookies.has(cookie))) return true
    const [first] = entries
    if (first === undefined || this.marks.length === 0) return false
    if (this.firsts.has(nameKey(first.name))) return true
    let at = 0
    // Entries of one hash have one cookie in some file systems (ext4): the page may begin among them.
    while (entries[at]?.cookie === asked) at++
    for (; at < entries.length; at++) if (this.cookies.has((entries[at] as { cookie: bigint }).cookie)) return true
    return false
  }

  /** Notes a page that is not the last. */
  passed({ entries: [first], cookie }: DirectoryPage): void {
    if (this.pages++ % this.stride !== 0) return
    const mark = { cookie, first: first === undefined ? '' : nameKey(first.name) }
    this.marks.push(mark)
    this.add(mark)
    if (this.marks.length < mostMarks) return
    this.marks = this.marks.filter((_, at) => at % 2 === 0)
    this.stride *= 2
    this.index()
  }

  /** Some of the marks, the first among them, for a process that resumes the listing elsewhere. */
  travelling(): readonly PageMark[] {
    const marks = this.marks
    if (marks.length <= mostTravelling) return [...marks]
    const step = (marks.length - 1) / (mostTravelling - 1)
    return Array.from({ length: mostTravelling }, (_, at) => marks[Math.round(at * step)] as PageMark)
  }

  private index(): void {
    this.cookies = new Set()
    this.firsts = new Set()
    for (const mark of this.marks) this.add(mark)
  }

  private add({ cookie, first }: PageMark): void {
    this.cookies.add(cookie)
    if (first !== '') this.firsts.add(first)
  }
}
