import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { chmod, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { workerNodeOptions } from '@cachewarmer/service/cli/worker-node-options'
import { bundleForExecutable, bundleForNode, bundlePrograms, packageFolder, root } from './bundle.ts'
import { componentsOf, nodeComponent, sbom, thirdPartyLicences } from './contents.ts'
import { type Executable, writeExecutable } from './executable.ts'

/** Where `npm run package` writes to. */
export const releaseFolder: string = join(root, 'packaging/dist')

export interface Release {
  readonly version: string
  /** Names in the folder, `SHA256SUMS` last. */
  readonly files: readonly string[]
}

export interface ReleaseOptions {
  readonly say?: (line: string) => void
  /** Makes the signature of `SHA256SUMS`, which becomes `SHA256SUMS.sig`. Default: none, and an earlier one goes. */
  readonly sign?: (text: string) => Promise<string>
}

/**
 * Writes everything that is released into a folder: the program as an executable and as a bundle, what is needed to operate
 * it without this repository, the bill of materials, the licences, checksums. An executable whose bundle has not changed is
 * kept. Each file appears whole.
 */
export async function buildRelease(folder: string, { say = () => {}, sign }: ReleaseOptions = {}): Promise<Release> {
  await mkdir(folder, { recursive: true })
  const bundles = await bundlePrograms()
  const forNode = await bundleForNode(bundles)
  const forExecutable = await bundleForExecutable()
  await put(folder, 'cachewarmer.mjs', forNode.text)
  await chmod(join(folder, 'cachewarmer.mjs'), 0o755)
  const programs = new Map([...bundles].map(([role, { text }]) => [role, text]))
  await executable(folder, { main: forExecutable.text, programs, nodeOptions: workerNodeOptions }, say)
  const { version } = JSON.parse(await readFile(join(packageFolder('manager'), 'package.json'), 'utf8')) as {
    version: string
  }
  const metafiles = [...bundles.values(), forNode, forExecutable].map(({ metafile }) => metafile)
  const components = [...componentsOf(metafiles, process.cwd()), nodeComponent()]
  await put(folder, 'sbom.cdx.json', sbom(version, components, timeOfSources()))
  await put(folder, 'THIRD-PARTY-LICENSES.txt', thirdPartyLicences(components))
  await put(folder, 'VERSION', `${version}\n`)
  await operations(folder)
  const files = [
    'cachewarmer',
    'cachewarmer.mjs',
    operationsFile,
    'sbom.cdx.json',
    'THIRD-PARTY-LICENSES.txt',
    'VERSION',
  ]
  const sums = await checksums(folder, files)
  await put(folder, 'SHA256SUMS', sums)
  if (sign === undefined) await rm(join(folder, signatureFile), { force: true })
  else await put(folder, signatureFile, await sign(sums))
  return { version, files: [...files, 'SHA256SUMS', ...(sign === undefined ? [] : [signatureFile])] }
}

const operationsFile = 'operations.tar.gz'
const signatureFile = 'SHA256SUMS.sig'

/** Terraform's modules, examples and scripts, and all documents: what a network without this repository needs. */
async function operations(folder: string): Promise<void> {
  const git = ['-c', 'safe.directory=*', 'ls-files', '-z', '--', 'terraform', 'docs', '*.md', 'LICENSE']
  const listed = execFileSync('git', git, { cwd: root })
  const file = join(folder, `${operationsFile}.${process.pid}.new`)
  // The same files give the same archive: no names and times of this machine.
  const alike = [
    '--sort=name',
    '--owner=0',
    '--group=0',
    '--numeric-owner',
    `--mtime=@${timeOfSources().getTime() / 1000}`,
  ]
  const args = ['--create', '--use-compress-program=gzip -n', '--file', file, '--null', '--files-from=-', ...alike]
  execFileSync('tar', args, { cwd: root, input: listed })
  await rename(file, join(folder, operationsFile))
}

/** When the sources were committed; SOURCE_DATE_EPOCH says it where there is no repository. */
function timeOfSources(): Date {
  const given = process.env['SOURCE_DATE_EPOCH']
  const seconds =
    given ?? execFileSync('git', ['-c', 'safe.directory=*', 'log', '-1', '--format=%ct'], { cwd: root }).toString()
  const time = new Date(Number(seconds) * 1000)
  if (Number.isNaN(time.getTime())) throw new Error(`SOURCE_DATE_EPOCH: expected seconds since 1970, got ${seconds}`)
  return time
}

/** Ten seconds of work, so it is done only where something changed. */
async function executable(folder: string, parts: Executable, say: (line: string) => void): Promise<void> {
  const file = join(folder, 'cachewarmer')
  const mark = join(folder, '.cachewarmer.made-of')
  const made = JSON.stringify([parts.main, ...parts.programs, parts.nodeOptions, process.version, process.arch])
  const madeOf = createHash('sha256').update(made).digest('hex')
  const before = await readFile(mark, 'utf8').catch(() => '')
  const [size, kept] = before.split(' ')
  if (kept === madeOf && String((await stat(file).catch(() => undefined))?.size) === size) return
  say(`cachewarmer: an executable with Node ${process.versions.node}`)
  await writeExecutable(parts, file)
  await writeFile(mark, `${(await stat(file)).size} ${madeOf}`)
}

async function put(folder: string, name: string, text: string): Promise<void> {
  const file = join(folder, `${name}.${process.pid}.new`)
  await writeFile(file, text)
  await rename(file, join(folder, name))
}

/** Lines for `sha256sum --check`, one per file, in the order given. */
async function checksums(folder: string, files: readonly string[]): Promise<string> {
  let lines = ''
  for (const file of files) {
    const hash = createHash('sha256')
    await pipeline(createReadStream(join(folder, file)), hash)
    lines += `${hash.digest('hex')}  ${file}\n`
  }
  return lines
}
