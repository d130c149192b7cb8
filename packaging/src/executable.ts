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

export interface Executable {
  /** The script that Node runs. */
  readonly main: string
  /** Texts of programs by name. Each is an asset of that name; `NAME.cache` is V8's code cache of it. */
  readonly programs: ReadonlyMap<string, string>
  /** Options of Node that hold whenever it is started. */
  readonly nodeOptions: readonly string[]
}

/**
 * Writes an executable that holds Node and programs. The Node that runs this is the one that goes in: blob, code caches and
 * executable must be of the same. Throws what Node or postject say.
 */
export async function writeExecutable({ main, programs, nodeOptions }: Executable, file: string): Promise<void> {
  const work = await mkdtemp(join(tmpdir(), 'cachewarmer-package-'))
  const at = (name: string): string => join(work, name)
  try {
    await writeFile(at('main.cjs'), main)
    await writeFile(at('cache.cjs'), writeCache)
    const assets: Record<string, string> = {}
    for (const [name, text] of programs) {
      assets[name] = at(name)
      assets[`${name}.cache`] = at(`${name}.cache`)
      await writeFile(at(name), text)
      // V8 takes no code cache that was made under other options.
      await run(process.execPath, [...nodeOptions, at('cache.cjs'), at(name), '--version'])
    }
    const given = {
      main: at('main.cjs'),
      output: at('blob'),
      execArgv: nodeOptions,
      assets,
      disableExperimentalSEAWarning: true,
    }
    await writeFile(at('sea.json'), JSON.stringify(given))
    await run(process.execPath, ['--experimental-sea-config', at('sea.json')])
    const made = `${file}.${process.pid}.new`
    await copyFile(process.execPath, made)
    await run(process.execPath, [postject, made, resource, at('blob'), '--sentinel-fuse', fuse])
    await chmod(made, 0o755)
    await rename(made, file)
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

/** Runs a program with --version and keeps what V8 has compiled by then: all that a start takes. */
const writeCache = `
  const { readFileSync, writeFileSync } = require('node:fs')
  const { constants, Script } = require('node:vm')
  const [file] = process.argv.splice(2, 1)
  const importModuleDynamically = constants.USE_MAIN_CONTEXT_DEFAULT_LOADER
  const script = new Script(readFileSync(file, 'utf8'), { importModuleDynamically })
  process.on('exit', () => writeFileSync(file + '.cache', script.createCachedData()))
  script.runInThisContext()(require)
`
