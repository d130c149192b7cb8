import { encodeName } from '@cachewarmer/nfs'
import { WalkError } from './errors.ts'

/** Bytes of the longest path that is walked, read and handed on: 8,192. What lies beyond fails with `NAME_TOO_LONG`. */
export const maxPathBytes = 8_192

/** `directory` and a name below it. */
export const joinPath = (directory: string, name: string): string =>
  directory === '/' ? `/${name}` : `${directory}/${name}`

/** The directory that holds the path; '/' holds itself. */
export const parentOf = (path: string): string => path.slice(0, Math.max(1, path.lastIndexOf('/')))

/** The directories that hold the path, '/' first; '/' itself has none. */
export const ancestorsOf = (path: string): string[] =>
  path === '/' ? [] : [...path.matchAll(/\//g)].map(({ index }) => path.slice(0, index) || '/')

export const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1)

const forbidden = /\/\.{0,2}(?=\/|$)|\0/

/** Accepts what the port calls a path: '/' or '/a/b', without empty, '.' and '..' segments. */
export function checkPath(field: string, path: unknown): string {
  if (typeof path === 'string' && path.startsWith('/') && (path === '/' || !forbidden.test(path))) return path
  throw new WalkError(
    'OPTION_INVALID',
    `${field} is ${show(path)}, expected an absolute path within the export, such as "/" or "/a/b", without "." and ".."`,
  )
}

/** Accepts one name of a directory. */
export function checkName(field: string, name: unknown): string {
  if (typeof name === 'string' && name !== '' && name !== '.' && name !== '..' && !/[/\0]/.test(name)) return name
  throw new WalkError('OPTION_INVALID', `${field} is ${show(name)}, expected the name of a file in its directory`)
}

/** A value as error messages print it: one line, and not endless. */
export function show(value: unknown): string {
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value)
  return text.length > 200 ? `${text.slice(0, 200)}…` : text
}

/** Most bytes that one UTF-16 unit of a path stands for. */
const mostBytesPerUnit = 3

/** Undefined for a path that may be walked; nearly all are so short that nothing has to be counted. */
export function tooLong(path: string): WalkError | undefined {
  if (path.length <= maxPathBytes / mostBytesPerUnit) return undefined
  const { length } = encodeName(path)
  if (length <= maxPathBytes) return undefined
  const text = `the path has ${length} bytes, and ${maxPathBytes} is the limit`
  return new WalkError('NAME_TOO_LONG', `${shownPath(path)}: ${text}; it is shown shortened`)
}

/** Characters of a path beyond the limit that reports show of its beginning and of its end. */
const shownAtFirst = 1_000
const shownAtLast = 300

/** A path as failures name it: one beyond the limit with dots in its middle. */
export function shownPath(path: string): string {
  if (path.length <= maxPathBytes / mostBytesPerUnit || encodeName(path).length <= maxPathBytes) return path
  const cut = `${path.slice(0, shownAtFirst)}...${path.slice(-shownAtLast)}`
  // Half a character stands for nothing.
  return cut
    .replace(/[\ud800-\udbff](?![\udc00-\udfff])/g, '')
    .replace(/(?<![\ud800-\udbff])[\udc00-\udc7f\udd00-\udfff]/g, '')
}

/**
 * FNV-1a, 32 bit, over the path's UTF-16 code units: the same path goes to the same mount on every machine. With the hash of
 * what stands before it, a path's end gives the hash of the whole.
 */
export function hashPath(path: string, before = 0x811c9dc5): number {
  let hash = before
  for (let at = 0; at < path.length; at++) hash = Math.imul(hash ^ path.charCodeAt(at), 0x01000193)
  return hash >>> 0
}
