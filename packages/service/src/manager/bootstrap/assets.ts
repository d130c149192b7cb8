import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The texts of a bootstrap folder by their names in it. A single-file build holds them itself. */
export function bootstrapAssets(): ReadonlyMap<string, string> {
  const folder = fileURLToPath(new URL('../../../bootstrap/', import.meta.url))
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  return new Map(
    files
      .map(({ parentPath, name }) => join(parentPath, name))
      .sort()
      .map((file) => [file.slice(folder.length), readFileSync(file, 'utf8')]),
  )
}
