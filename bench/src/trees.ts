import { execFileSync } from 'node:child_process'
import { closeSync, existsSync, mkdirSync, openSync, renameSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'

/** A tree of the benchmarks: made once, kept for the next run. */
export interface BenchTree {
  readonly name: string
  readonly what: string
  readonly files: number
  readonly bytes: number
  make(folder: string): void
}

const content = Buffer.alloc(16_384, 'cachewarmer ')
const mebibyte = Buffer.alloc(1024 * 1024, 'cachewarmer ')

const smallBytes = (file: number): number => 1_024 + ((file * 7_919) % 15_361)

/** `directories` folders, a hundred to a group, of `filesEach` files. */
export function manyFolders(
  name: string,
  what: string,
  directories: number,
  filesEach: number,
  size: (file: number) => number = smallBytes,
): BenchTree {
  const files = directories * filesEach
  let bytes = 0
  for (let file = 0; file < files; file += 1) bytes += size(file)
  return {
    name,
    what,
    files,
    bytes,
    make(folder) {
      for (let directory = 0, file = 0; directory < directories; directory += 1) {
        const at = directories === 1 ? folder : join(folder, `g${Math.floor(directory / 100)}`, `d${directory}`)
        mkdirSync(at, { recursive: true })
        for (let each = 0; each < filesEach; each += 1, file += 1) {
          writeFileSync(join(at, `f${String(each).padStart(7, '0')}.dat`), content.subarray(0, size(file)))
        }
      }
    },
  }
}

export const smallFiles = (scale: number): BenchTree =>
  manyFolders(
    'small',
    `${(200_000 * scale).toLocaleString('en-US')} files of 1-16 KiB in ${(4_000 * scale).toLocaleString('en-US')} directories`,
    4_000 * scale,
    50,
    smallBytes,
  )

/** Of a library's first user: what a project's scene may have. */
export const sceneFiles = (scale: number): BenchTree =>
  manyFolders('scene', `${(22_000 * scale).toLocaleString('en-US')} files of 1-16 KiB`, 440 * scale, 50, smallBytes)

export const flatFolder = (entries: number): BenchTree =>
  manyFolders(
    `flat-${entries}`,
    `${entries.toLocaleString('en-US')} files of 1 KiB in one directory`,
    1,
    entries,
    () => 1_024,
  )

export const loneFiles = (directories: number): BenchTree =>
  manyFolders('lone', `${directories.toLocaleString('en-US')} directories of one file`, directories, 1, () => 1_024)

export function largeFiles(files: number, gibibytes: number): BenchTree {
  return {
    name: `large-${files}x${gibibytes}`,
    what: `${files} files of ${gibibytes} GiB`,
    files,
    bytes: files * gibibytes * 2 ** 30,
    make(folder) {
      mkdirSync(folder, { recursive: true })
      for (let file = 0; file < files; file += 1) {
        const fd = openSync(join(folder, `large-${file}.vdb`), 'w')
        for (let at = 0; at < gibibytes * 1_024; at += 1) writeSync(fd, mebibyte)
        closeSync(fd)
      }
    },
  }
}

/** The tree's folder below `place`, made where it is missing; one that was only half made is never used. */
export function ensureTree(place: string, tree: BenchTree): string {
  const folder = join(place, tree.name)
  if (existsSync(folder)) return folder
  console.log(`making ${tree.what} ...`)
  const making = `${folder}.making`
  execFileSync('rm', ['-rf', making])
  tree.make(making)
  renameSync(making, folder)
  return folder
}
