import { execFileSync } from 'node:child_process'
import { lstatSync, readdirSync, readFileSync, realpathSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { packageFolders } from '../../scripts/api-report.ts'
import { readText } from '../support/repository.ts'

/* What installing each package brings: how many packages, itself included, and their bytes on disk. READMEs say it. */

interface Manifest {
  readonly name: string
  readonly dependencies?: Readonly<Record<string, string>>
}

const manifestOf = (folder: string): Manifest =>
  JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest

/** The folder in which a package finds another one, as Node looks for it. */
function found(from: string, name: string): string {
  for (let folder = from; ; folder = dirname(folder)) {
    const there = join(folder, 'node_modules', name)
    if (lstatSync(there, { throwIfNoEntry: false }) !== undefined) return realpathSync(there)
    if (folder === dirname(folder)) throw new Error(`${from}: ${name} is not installed`)
  }
}

/** By name and version, as one installation has them once. */
function brought(folder: string, all = new Map<string, string>()): Map<string, string> {
  if (all.has(folder)) return all
  const { name, dependencies = {} } = manifestOf(folder)
  all.set(folder, name)
  for (const other of Object.keys(dependencies)) brought(found(folder, other), all)
  return all
}

const ours = new Map(packageFolders().map((folder) => [folder, manifestOf(folder).name]))

/** Ours as `npm pack` would pack it; others as they are installed. */
function bytesOf(folder: string): number {
  if (!ours.has(folder)) return sizeOf(folder)
  const json = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    cwd: folder,
    encoding: 'utf8',
  })
  const [packed] = Object.values(JSON.parse(json) as Record<string, { unpackedSize: number }>)
  return packed?.unpackedSize ?? 0
}

function sizeOf(folder: string): number {
  let bytes = 0
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.name === 'node_modules') continue
    const path = join(folder, entry.name)
    bytes += entry.isDirectory() ? sizeOf(path) : lstatSync(path).size
  }
  return bytes
}

const bytes = new Map<string, number>()
const measured = packageFolders().map((folder) => {
  const all = brought(folder)
  for (const one of all.keys()) if (!bytes.has(one)) bytes.set(one, bytesOf(one))
  const megabytes = [...all.keys()].reduce((sum, one) => sum + (bytes.get(one) ?? 0), 0) / 1e6
  return { name: basename(folder), count: all.size, megabytes, packages: [...all.values()] }
})

test.each(measured)('the README of $name says what it weighs', ({ name, count, megabytes }) => {
  const said = /\*\*Weight\.\*\* (\d+) packages?, (\d+(?:\.\d+)?) MB/.exec(readText(`packages/${name}/README.md`))
  const expected = `**Weight.** ${count} ${count === 1 ? 'package' : 'packages'}, ${megabytes.toFixed(1)} MB`
  expect(said, `write into packages/${name}/README.md: ${expected}`).not.toBeNull()
  expect(Number(said?.[1]), expected).toBe(count)
  expect(Math.abs(Number(said?.[2]) - megabytes) / megabytes, expected).toBeLessThan(0.15)
})

test.each(measured.filter(({ name }) => !['manager-bin', 'worker-bin'].includes(name)))(
  '$name brings no package of Azure',
  ({ packages }) => {
    expect(packages.filter((name) => name.startsWith('@azure/'))).toEqual([])
  },
)
