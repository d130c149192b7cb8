import { releaseFolder } from '../src/programs.ts'
import { buildRelease } from '../src/release.ts'

/** The release that all tests look at, built once; executables whose bundle has not changed are kept. */
export async function setup(): Promise<void> {
  if (process.platform === 'linux') await buildRelease(releaseFolder, (line) => console.log(line))
}
