import type { NfsStatus } from '../nfs3/constants.ts'
import type { TreeDirectory } from './tree.ts'

/** What is odd about a server's listings, and about looking up what they name. Everything is optional. */
export interface OddListing {
  /** Entries of a page at the most. */
  readonly entriesPerPage?: number | undefined
  /** The index at which a page really begins, given the one at which it should; beyond the last entry: an empty page. */
  readonly beginAt?: ((index: number, directory: TreeDirectory) => number) | undefined
  /** No page is the last, of the directories that this says. */
  readonly endless?: ((directory: TreeDirectory) => boolean) | undefined
  /** Cookies count up from the one that was asked for, not from the entries. */
  readonly freshCookies?: boolean | undefined
  /** READDIRPLUS gives neither attributes nor handle of the entry. */
  readonly bare?: ((name: string) => boolean) | undefined
  /** The file type that READDIRPLUS and LOOKUP give for the entry. */
  readonly typeOf?: (name: string) => number | undefined
  /** LOOKUP of the name fails so. */
  readonly lookUp?: (name: string) => Exclude<NfsStatus, 'OK'> | undefined
  /** The bytes that stand for a name in listings. */
  readonly nameOf?: (name: string) => Uint8Array | undefined
  /** READDIRPLUS fails so, for pages of a size. */
  readonly plus?: (count: number) => Exclude<NfsStatus, 'OK'> | undefined
}
