import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import type { Plugin } from 'esbuild'

/** What a program finds beside itself when it is installed as a package, and has to hold itself when it is one file. */
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
  // The manager holds the worker, too; see `entryOf`. A bundle is started by its Node, an executable by itself, with the
  // options that it holds.
  'dist/worker-command.js': () => `
    import { isSea } from 'node:sea'
    import { workerNodeOptions } from '@cachewarmer/service/cli/worker-node-options'
    export const workerCommand = (nodeProgram, args) =>
      [nodeProgram, ...(isSea() ? [] : [...workerNodeOptions, process.argv[1]]), 'worker', ...args, '--exit-with-parent']`,
}

/** Puts the substitutes in place of the modules of ours that look for files. */
export const substitutions: Plugin = {
  name: 'substitutions',
  setup(build) {
    build.onLoad({ filter: /\/packages\/[a-z-]+\/dist\/[a-z/-]+\.js$/ }, ({ path }) => {
      const [, folder = '', file = ''] = /^(.*\/packages\/[a-z-]+)\/(.*)$/.exec(path) ?? []
      const contents = substitutes[file]?.(folder)
      return contents === undefined ? undefined : { contents, resolveDir: join(folder, 'dist'), loader: 'js' }
    })
  },
}
