import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { deflateRawSync } from 'node:zlib'
import { type BuildOptions, build, type Metafile, type Plugin } from 'esbuild'

export const root: string = dirname(dirname(dirname(fileURLToPath(import.meta.url))))

/** What the one program can be; see `packages/manager-bin/src/roles.ts`. */
const roles = ['manager', 'worker', 'submit'] as const
export type Role = (typeof roles)[number]

export const packageFolder = (role: Role): string => join(root, `packages/${role}-bin`)

export interface Bundle {
  readonly text: string
  /** Every file that went into it; see `componentsOf`. */
  readonly metafile: Metafile
}

/**
 * The text of each program with all its packages: an expression, a function of `require`. Only the text of the role that is
 * called is compiled: in one text a worker would parse the manager's libraries, which are larger than itself.
 */
export async function bundlePrograms(): Promise<ReadonlyMap<Role, Bundle>> {
  const made = new Map<Role, Bundle>()
  for (const role of roles) {
    const { text, metafile } = await bundle(join(packageFolder(role), 'dist/bin.js'), 'cjs', [substitutions])
    made.set(role, { text: `(function(require){${inAscii(text.replace(/^#!.*\n/, ''))}\n})`, metafile })
  }
  return made
}

/** Each character is a byte. esbuild escapes all others but those in regular expressions, where the escape is the same. */
const inAscii = (text: string): string =>
  text.replace(/[^\0-\x7f]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)

/**
 * One file for a Node that is installed, with the texts of all programs, deflated: V8 reads every character of a file that
 * it starts. Its first line says how Node is to start it.
 */
export const bundleForNode = (programs: ReadonlyMap<Role, Bundle>): Promise<Bundle> => {
  const texts = [...programs].map(([role, { text }]) => [role, deflateRawSync(text, { level: 9 }).toString('base64')])
  return bundleLauncher(
    'esm',
    `import { createRequire } from 'node:module'
    import { inflateRawSync } from 'node:zlib'
    const load = createRequire(process.execPath)
    const texts = ${JSON.stringify(Object.fromEntries(texts))}
    const source = (role) => ({ text: inflateRawSync(Buffer.from(texts[role], 'base64')).latin1Slice() })`,
  )
}

/** The script of the executable, to which the texts of the programs are assets. Node 24 starts no module from within itself. */
export const bundleForExecutable = (): Promise<Bundle> =>
  bundleLauncher(
    'cjs',
    `import { getRawAsset } from 'node:sea'
    const load = require
    const bytes = (name) => Buffer.from(getRawAsset(name))
    const source = (role) => ({ text: bytes(role).latin1Slice(), cache: bytes(role + '.cache') })`,
  )

/** The start of every program, with `programs.ts` in a form that compiles a text. V8 reports a code cache that it refuses. */
const bundleLauncher = (format: 'esm' | 'cjs', source: string): Promise<Bundle> => {
  const programs = `
    import { constants, Script } from 'node:vm'
    ${source}
    const compile = (role) => async () => {
      const { text, cache } = source(role)
      const script = new Script(text, {
        filename: 'cachewarmer-' + role, cachedData: cache, importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER })
      if (script.cachedDataRejected) process.stderr.write('Warning: V8 refused the code cache\\n')
      script.runInThisContext()(load)
    }
    export const start = { ${roles.map((role) => `${role}: compile('${role}')`).join(', ')} }`
  const entry = join(packageFolder('manager'), 'dist/cachewarmer.js')
  const holdsPrograms: Plugin = {
    name: 'programs',
    setup: (builder) =>
      builder.onLoad({ filter: /\/manager-bin\/dist\/programs\.js$/ }, () => ({ contents: programs, loader: 'js' })),
  }
  return bundle(entry, format, [holdsPrograms, substitutions])
}

async function bundle(entry: string, format: 'esm' | 'cjs', plugins: Plugin[]): Promise<Bundle> {
  const options = {
    entryPoints: [entry],
    bundle: true,
    write: false,
    metafile: true,
    platform: 'node',
    // Modules where a package has them: the other kind may hide its imports from a bundler (jsonc-parser's does).
    mainFields: ['module', 'main'],
    target: 'node24',
    format,
    minify: true,
    legalComments: 'none',
    charset: 'ascii',
    logLevel: 'warning',
    plugins,
  } as const satisfies BuildOptions
  const { outputFiles, metafile } = await build(options)
  return { text: outputFiles[0]?.text ?? '', metafile }
}

/** Files that an installed package finds beside itself, and that a single file has to contain. */
const substitutes: Readonly<Record<string, (folder: string) => string>> = {
  'dist/version.js': (folder) => {
    const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string }
    return `export const version = ${JSON.stringify(version)}`
  },
  'dist/manager/bootstrap/assets.js': (folder) => {
    const assets = join(folder, 'bootstrap')
    const files = readdirSync(assets, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
    const texts = files
      .map(({ parentPath, name }) => join(parentPath, name))
      .sort()
      .map((file) => [relative(assets, file), readFileSync(file, 'utf8')])
    return `export const bootstrapAssets = () => new Map(${JSON.stringify(texts)})`
  },
  // A manager starts workers as itself. Node starts a bundle; an executable starts by itself, with the options in it.
  'dist/worker-command.js': () => `
    import { isSea } from 'node:sea'
    import { workerNodeOptions } from '@cachewarmer/service/cli/worker-node-options'
    export const workerCommand = (nodeProgram, args) =>
      [nodeProgram, ...(isSea() ? [] : [...workerNodeOptions, process.argv[1]]), 'worker', ...args, '--exit-with-parent']`,
}

/** Puts the substitutes in place of the modules of ours that look for files. */
const substitutions: Plugin = {
  name: 'substitutions',
  setup(builder) {
    builder.onLoad({ filter: /\/packages\/[a-z-]+\/dist\/[a-z/-]+\.js$/ }, ({ path }) => {
      const [, folder = '', file = ''] = /^(.*\/packages\/[a-z-]+)\/(.*)$/.exec(path) ?? []
      const contents = substitutes[file]?.(folder)
      return contents === undefined ? undefined : { contents, resolveDir: join(folder, 'dist'), loader: 'js' }
    })
  },
}
