import type { WalkPart } from './parts.ts'

/** The same parts, with the names of each directory together. */
export function joinFiles(parts: readonly WalkPart[]): WalkPart[] {
  const byDirectory = new Map<string, string[]>()
  const joined: WalkPart[] = []
  for (const part of parts) {
    const known = part.kind === 'files' && !part.listed ? byDirectory.get(part.directory) : undefined
    if (part.kind !== 'files' || part.listed) joined.push(part)
    else if (known) for (const name of part.names) known.push(name)
    else {
      const names = [...part.names]
      byDirectory.set(part.directory, names)
      joined.push({ kind: 'files', directory: part.directory, names })
    }
  }
  return joined
}
