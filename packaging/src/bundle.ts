import { join } from 'node:path'
import { build, type Metafile } from 'esbuild'
import { nodeOptions, type Program, packageFolder } from './programs.ts'
import { substitutions } from './substitutions.ts'

export interface Bundle {
  readonly text: string
  /** Every file that went into it; see `componentsOf`. */
  readonly metafile: Metafile
}

/**
 * One file of JavaScript that holds a program with all its packages. `esm` is for a Node that is there, `cjs` for the
 * executable, as Node 24 starts no other from within itself.
 */
export async function bundle(program: Program, format: 'esm' | 'cjs'): Promise<Bundle> {
  const { outputFiles, metafile } = await build({
    stdin: { contents: entryOf(program), resolveDir: packageFolder[program], sourcefile: `${program}.js` },
    bundle: true,
    write: false,
    metafile: true,
    platform: 'node',
    // Modules where a package has them: the other kind may hide from a bundler what it asks for (jsonc-parser's does).
    mainFields: ['module', 'main'],
    target: 'node24',
    format,
    minify: true,
    legalComments: 'none',
    charset: 'utf8',
    logLevel: 'warning',
    // Packages of the older kind ask for Node's modules with `require`, which a module does not have.
    banner: {
      js:
        format === 'esm'
          ? `${firstLine(program)}\nimport{createRequire as __cr}from'node:module';const require=__cr(import.meta.url);`
          : '',
    },
    plugins: [substitutions],
  })
  return { text: outputFiles[0]?.text ?? '', metafile }
}

const firstLine = (program: Program): string =>
  ['#!/usr/bin/env', ...(nodeOptions[program].length > 0 ? ['-S'] : []), 'node', ...nodeOptions[program]].join(' ')

const bin = (program: Program): string => JSON.stringify(join(packageFolder[program], 'dist/bin.js'))

/** The manager starts workers: it holds their program, too, so that its one file is enough. */
function entryOf(program: Program): string {
  if (program !== 'cachewarmer-manager') return `import ${bin(program)}`
  return `
    if (process.argv[2] === 'worker') {
      process.argv.splice(2, 1)
      import(${bin('cachewarmer-worker')})
    } else import(${bin('cachewarmer-manager')})`
}
