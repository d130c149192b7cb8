import { createHash } from 'node:crypto'
import { chmod, mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Metafile } from 'esbuild'
import { bundle } from './bundle.ts'
import { checksums } from './checksums.ts'
import { componentsOf, nodeComponent } from './components.ts'
import { writeExecutable } from './executable.ts'
import { nodeOptions, type Program, packageFolder, programs } from './programs.ts'
import { sbom, thirdPartyLicences } from './sbom.ts'

export interface Release {
  readonly version: string
  /** Names in the folder, `SHA256SUMS` last. */
  readonly files: readonly string[]
}

/**
 * Writes everything that is released into a folder: each program as an executable and as a bundle, the bill of
 * materials, the licences, checksums. An executable whose bundle has not changed is kept. Files are put in place whole.
 */
export async function buildRelease(folder: string, say: (line: string) => void = () => {}): Promise<Release> {
  await mkdir(folder, { recursive: true })
  const metafiles: Metafile[] = []
  const files: string[] = []
  for (const program of programs) {
    const forNode = await bundle(program, 'esm')
    const forExecutable = await bundle(program, 'cjs')
    metafiles.push(forNode.metafile)
    await put(folder, `${program}.mjs`, forNode.text)
    await chmod(join(folder, `${program}.mjs`), 0o755)
    await executable(folder, program, forExecutable.text, say)
    files.push(program, `${program}.mjs`)
  }
  const { version } = JSON.parse(
    await readFile(join(packageFolder['cachewarmer-manager'], 'package.json'), 'utf8'),
  ) as {
    version: string
  }
  const components = [...componentsOf(metafiles, process.cwd()), nodeComponent()]
  await put(folder, 'sbom.cdx.json', sbom(version, components))
  await put(folder, 'THIRD-PARTY-LICENSES.txt', thirdPartyLicences(components))
  await put(folder, 'VERSION', `${version}\n`)
  files.push('sbom.cdx.json', 'THIRD-PARTY-LICENSES.txt', 'VERSION')
  await put(folder, 'SHA256SUMS', await checksums(folder, files))
  return { version, files: [...files, 'SHA256SUMS'] }
}

/** Half a minute of work for all three, so it is done only where something changed. */
async function executable(folder: string, program: Program, text: string, say: (line: string) => void): Promise<void> {
  const file = join(folder, program)
  const mark = join(folder, `.${program}.made-of`)
  const options = nodeOptions[program]
  const madeOf = createHash('sha256').update(process.version).update(options.join(' ')).update(text).digest('hex')
  const before = await readFile(mark, 'utf8').catch(() => '')
  const [size, kept] = before.split(' ')
  if (kept === madeOf && String((await stat(file).catch(() => undefined))?.size) === size) return
  say(`${program}: an executable with Node ${process.versions.node}`)
  await writeExecutable(text, file, options)
  await writeFile(mark, `${(await stat(file)).size} ${madeOf}`)
}

async function put(folder: string, name: string, text: string): Promise<void> {
  const file = join(folder, `${name}.${process.pid}.new`)
  await writeFile(file, text)
  await rename(file, join(folder, name))
}
