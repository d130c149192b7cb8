import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export interface MadeTree {
  readonly files: number
  readonly bytes: number
  readonly directories: number
}

/** Makes `directories` folders of `filesEach` files of 1 to 16 KiB below `root`, one of them wide; returns what is there. */
export function makeTree(root: string, directories: number, filesEach: number, wide = 0): MadeTree {
  let files = 0
  let bytes = 0
  const content = Buffer.alloc(16_384, 'warm')
  const fill = (folder: string, count: number): void => {
    mkdirSync(folder, { recursive: true })
    for (let at = 0; at < count; at += 1) {
      const size = 1_024 + ((files * 7_919) % 15_361)
      writeFileSync(join(folder, `f${at}.dat`), content.subarray(0, size))
      files += 1
      bytes += size
    }
  }
  for (let at = 0; at < directories; at += 1) fill(join(root, `group-${at % 10}`, `d${at}`), filesEach)
  if (wide > 0) fill(join(root, 'wide'), wide)
  return { files, bytes, directories: 1 + Math.min(10, directories) + directories + (wide > 0 ? 1 : 0) }
}
