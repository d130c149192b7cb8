import { mkdirSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { buildRelease, releaseFolder } from '../src/release.ts'
import { names, namesFolder } from './launch.ts'

/** The release that all tests look at, built once, with links by every name. An executable whose programs have not changed is kept. */
export async function setup(): Promise<void> {
  if (process.platform !== 'linux') return
  await buildRelease(releaseFolder, { say: (line) => console.log(line) })
  rmSync(namesFolder, { recursive: true, force: true })
  mkdirSync(namesFolder)
  for (const name of names)
    for (const suffix of ['', '.mjs']) symlinkSync(`../cachewarmer${suffix}`, join(namesFolder, `${name}${suffix}`))
}
