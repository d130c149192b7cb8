import type { EntryKind } from '../mount.ts'

interface Kinds {
  isFile(): boolean
  isDirectory(): boolean
  isSymbolicLink(): boolean
}

/** What the port calls it. Devices, FIFOs, sockets and what else there may be are `other`. */
export function kindOf(found: Kinds): EntryKind {
  if (found.isFile()) return 'file'
  if (found.isDirectory()) return 'directory'
  return found.isSymbolicLink() ? 'symlink' : 'other'
}
