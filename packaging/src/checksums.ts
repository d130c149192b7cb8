import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'

/** Lines for `sha256sum --check`, one a file, in the order given. */
export async function checksums(folder: string, files: readonly string[]): Promise<string> {
  let lines = ''
  for (const file of files) lines += `${await sha256(join(folder, file))}  ${file}\n`
  return lines
}

async function sha256(file: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(file), hash)
  return hash.digest('hex')
}
