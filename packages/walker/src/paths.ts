import { WalkError } from './errors.ts'

/** `directory` and a name below it. */
export const joinPath = (directory: string, name: string): string =>
  directory === '/' ? `/${name}` : `${directory}/${name}`

/** The directory that holds the path; '/' holds itself. */
export const parentOf = (path: string): string => path.slice(0, Math.max(1, path.lastIndexOf('/')))

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
