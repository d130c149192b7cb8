import { existsSync, readdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { options } from './options.ts'

const { values } = options('licences', { options: { write: { type: 'boolean', default: false } } })

/*
 * Holds the licences of everything that is installed to a list, without a network: what comes with the published
 * packages may be used on these terms alone, tools of developers on a few more. THIRD-PARTY.md lists what is shipped.
 * `--write` writes it anew.
 */
const root = dirname(dirname(fileURLToPath(import.meta.url)))
const shippedTerms = new Set(['MIT', 'Apache-2.0', 'ISC', '0BSD', 'BSD-2-Clause', 'BSD-3-Clause', 'BlueOak-1.0.0'])
const toolTerms = new Set([...shippedTerms, 'MPL-2.0', 'MIT OR Apache-2.0', 'CC0-1.0', 'Python-2.0'])
/** Packages whose terms are named in no way that a program understands, looked at by people. */
const knownTerms: Readonly<Record<string, string>> = { 'uri-templates': 'MIT' }

interface Manifest {
  readonly name: string
  readonly license?: unknown
  readonly dependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
}

const readManifest = (folder: string): Manifest =>
  JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest

const termsOf = ({ name, license }: Manifest): string =>
  knownTerms[name] ?? (typeof license === 'string' ? license : JSON.stringify(license ?? 'none'))

/** The folder in which a package finds another one; undefined for what is optional and not here. */
function find(from: string, name: string): string | undefined {
  for (let folder = from; folder !== dirname(folder); folder = dirname(folder)) {
    const candidate = join(folder, 'node_modules', name)
    if (existsSync(join(candidate, 'package.json'))) return realpathSync(candidate)
  }
  return undefined
}

/** What the published packages need, and what that needs, and so on. */
function shipped(): Map<string, string> {
  const terms = new Map<string, string>()
  const ahead = readdirSync(join(root, 'packages')).map((name) => join(root, 'packages', name))
  const seen = new Set(ahead)
  for (let folder = ahead.pop(); folder !== undefined; folder = ahead.pop()) {
    const manifest = readManifest(folder)
    if (!folder.startsWith(join(root, 'packages'))) terms.set(manifest.name, termsOf(manifest))
    const { dependencies, optionalDependencies, peerDependencies } = manifest
    for (const name of Object.keys({ ...dependencies, ...optionalDependencies, ...peerDependencies })) {
      // Who writes tests with our suites, or compiles, has them; nothing that runs does.
      if (name === 'vitest' || name === '@types/node') continue
      const found = find(folder, name)
      if (found === undefined || seen.has(found)) continue
      seen.add(found)
      ahead.push(found)
    }
  }
  return terms
}

/** Everything that is installed. */
function installed(): Map<string, string> {
  const terms = new Map<string, string>()
  const store = join(root, 'node_modules/.pnpm')
  for (const entry of readdirSync(store)) {
    const modules = join(store, entry, 'node_modules')
    if (!existsSync(modules)) continue
    for (const name of readdirSync(modules).flatMap((one) =>
      one.startsWith('@') ? readdirSync(join(modules, one)).map((below) => `${one}/${below}`) : [one],
    )) {
      const folder = join(modules, name)
      if (!existsSync(join(folder, 'package.json'))) continue
      const manifest = readManifest(folder)
      terms.set(manifest.name, termsOf(manifest))
    }
  }
  return terms
}

const problems: string[] = []
const ours = shipped()
for (const [name, terms] of ours)
  if (!shippedTerms.has(terms)) problems.push(`${name} is shipped, and its licence is ${terms}`)
const all = installed()
for (const [name, terms] of all)
  if (!toolTerms.has(terms)) problems.push(`${name} is installed, and its licence is ${terms}`)

const rows = [...ours].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([name, terms]) => `| ${name} | ${terms} |`)
const text = `# What is shipped, and on which terms

What the published packages need at run time, optional packages included. Written by \`npm run licences -- --write\`.

| package | licence |
|---|---|
${rows.join('\n')}
`
const file = join(root, 'THIRD-PARTY.md')
if (values.write) writeFileSync(file, text)
else if (!existsSync(file) || readFileSync(file, 'utf8') !== text)
  problems.push('THIRD-PARTY.md is not what is shipped: npm run licences -- --write')
for (const problem of problems) console.error(problem)
if (problems.length > 0) process.exit(1)
console.log(`${ours.size} packages are shipped, ${all.size} installed, all on terms of the list`)
