import { execFile } from 'node:child_process'
import { chmod, copyFile, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

/** What Node looks for in its own file; see "Single executable applications" in its documentation. */
const resource = 'NODE_SEA_BLOB'
const postject = createRequire(import.meta.url).resolve('postject/dist/cli.js')
const run = promisify(execFile)
const fuse = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2'

/**
 * Writes an executable that holds Node and a bundle, with V8's code cache so that it starts at once. The Node that runs
 * this is the one that goes in: blob and executable must be of the same. `nodeOptions` hold whenever it is started.
 * Throws what Node or postject say.
 */
export async function writeExecutable(text: string, file: string, nodeOptions: readonly string[]): Promise<void> {
  const work = await mkdtemp(join(tmpdir(), 'cachewarmer-package-'))
  try {
    const main = join(work, 'main.cjs')
    const output = join(work, 'main.blob')
    const config = join(work, 'sea.json')
    await writeFile(main, text)
    const given = { main, output, execArgv: nodeOptions, useCodeCache: true, disableExperimentalSEAWarning: true }
    await writeFile(config, JSON.stringify(given))
    // V8 takes no code cache that was made under other options.
    await run(process.execPath, [...nodeOptions, '--experimental-sea-config', config])
    const made = `${file}.${process.pid}.new`
    await copyFile(process.execPath, made)
    await run(process.execPath, [postject, made, resource, output, '--sentinel-fuse', fuse])
    await chmod(made, 0o755)
    await rename(made, file)
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}
