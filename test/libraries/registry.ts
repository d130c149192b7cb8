import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { root } from '../support/repository.ts'

interface Manifest {
  readonly name: string
  readonly version: string
}

interface Published {
  readonly manifest: Manifest
  readonly tarball: Buffer
}

/**
 * A registry on loopback, so that an installation needs no network and brings what the lockfile names: ours as they were
 * packed, and what they need as it is installed here, without the forms of it that only browsers take.
 */
export class Registry implements AsyncDisposable {
  readonly #ours: ReadonlyMap<string, Published>
  readonly #installed = installedFolders()
  readonly #packed = new Map<string, Promise<readonly Published[]>>()
  readonly #server = createServer((request, response) => {
    void this.#answer(decodeURIComponent(request.url ?? '').slice(1)).then(
      (body) => response.writeHead(body === undefined ? 404 : 200).end(body),
      (error: unknown) => response.writeHead(500).end(String(error)),
    )
  })

  constructor(ours: readonly Published[]) {
    this.#ours = new Map(ours.map((published) => [published.manifest.name, published]))
  }

  /** `tarballs` are files that `pnpm pack` wrote. */
  static async start(tarballs: readonly string[]): Promise<Registry> {
    const registry = new Registry(await Promise.all(tarballs.map(readPacked)))
    await new Promise<void>((resolve) => registry.#server.listen(0, '127.0.0.1', resolve))
    return registry
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`
  }

  async #answer(path: string): Promise<string | Buffer | undefined> {
    const [, name = '', version] = /^(.*?)(?:\/-\/(.*)\.tgz)?$/.exec(path) ?? []
    const published = await this.#published(name)
    if (version !== undefined) return published.find(({ manifest }) => manifest.version === version)?.tarball
    const newest = published
      .map(({ manifest }) => manifest.version)
      .sort(byVersion)
      .at(-1)
    if (newest === undefined) return undefined
    const versions = published.map(({ manifest, tarball }) => {
      const integrity = `sha512-${createHash('sha512').update(tarball).digest('base64')}`
      const dist = { tarball: `${this.url}${name}/-/${manifest.version}.tgz`, integrity }
      return [manifest.version, { ...manifest, dist }] as const
    })
    // Long ago, as a package manager may refuse what was published today.
    const time = Object.fromEntries(versions.map(([each]) => [each, '2020-01-01T00:00:00.000Z']))
    return JSON.stringify({ name, 'dist-tags': { latest: newest }, versions: Object.fromEntries(versions), time })
  }

  async #published(name: string): Promise<readonly Published[]> {
    const ours = this.#ours.get(name)
    if (ours !== undefined) return [ours]
    const packed = this.#packed.get(name) ?? Promise.all((this.#installed.get(name) ?? []).map(packInstalled))
    this.#packed.set(name, packed)
    return packed
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}

const tar = (args: readonly string[]): Promise<Buffer> =>
  promisify(execFile)('tar', args, { encoding: 'buffer', maxBuffer: 1 << 28 }).then(({ stdout }) => stdout)

async function readPacked(file: string): Promise<Published> {
  const json = await tar(['--extract', '--gzip', '--to-stdout', '--file', file, 'package/package.json'])
  return { manifest: JSON.parse(json.toString()) as Manifest, tarball: readFileSync(file) }
}

/** By name, the folders of its versions in this repository: `.pnpm/@scope+name@version_peers/node_modules/@scope/name`. */
function installedFolders(): ReadonlyMap<string, readonly string[]> {
  const store = join(root, 'node_modules/.pnpm')
  const seen = new Map<string, string>()
  for (const entry of readdirSync(store)) {
    const [id, name = ''] = /^(@?[^@]+)@[^_(]+/.exec(entry) ?? []
    if (id !== undefined) seen.set(id, join(store, entry, 'node_modules', name.replace('+', '/')))
  }
  const nameOf = ([id]: [string, string]): string => id.slice(0, id.lastIndexOf('@')).replace('+', '/')
  return new Map([...Map.groupBy(seen, nameOf)].map(([name, found]) => [name, found.map(([, folder]) => folder)]))
}

const notTaken = ['./node_modules', './dist/browser', './dist/react-native', '*.map']

async function packInstalled(folder: string): Promise<Published> {
  const without = notTaken.map((pattern) => `--exclude=${pattern}`)
  // Files that are alike are one file in pnpm's store; npm takes no links.
  const into = ['--hard-dereference', '--transform=s,^\\.,package,', '--directory', folder, '.']
  return {
    manifest: JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest,
    tarball: await tar(['--create', '--use-compress-program=gzip -1', ...without, ...into]),
  }
}

const byVersion = (a: string, b: string): number => a.localeCompare(b, 'en', { numeric: true })
