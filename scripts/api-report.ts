import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { readModule } from './declarations.ts'
import { options } from './options.ts'

/*
 * Writes packages/NAME/api.md: all that a package exports, as the compiler declares it, without comments. It is reviewed
 * like code: what breaks a user's import shows up in its diff. `--check` only says which of them are not current.
 */
const root = dirname(dirname(fileURLToPath(import.meta.url)))

interface PackageJson {
  readonly name: string
  readonly exports: Readonly<Record<string, string | { readonly types?: string }>>
  readonly bin?: Readonly<Record<string, string>>
}

export function apiReport(folder: string): string {
  const json = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as PackageJson
  const lines = [`# What ${json.name} exports`, '', 'Made by `npm run api`; reviewed like code.']
  if (json.bin)
    lines.push(
      '',
      `Programs: ${Object.keys(json.bin)
        .map((name) => `\`${name}\``)
        .join(', ')}.`,
    )
  for (const [subpath, entry] of Object.entries(json.exports)) {
    if (typeof entry === 'string' || entry.types === undefined) continue
    const exported = readModule(join(folder, entry.types))
    const name = subpath === '.' ? json.name : `${json.name}/${subpath.slice(2)}`
    lines.push('', `## \`${name}\``, '', '```ts')
    const sorted = [...exported].sort(([a], [b]) => (a < b ? -1 : 1))
    lines.push(sorted.map(([, declaration]) => declaration).join('\n\n'), '```')
  }
  return `${lines.join('\n')}\n`
}

/** Folders of the packages that are published. */
export const packageFolders = (): string[] =>
  readdirSync(join(root, 'packages')).map((name) => join(root, 'packages', name))

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = options('api', { options: { check: { type: 'boolean', default: false } } })
  for (const folder of packageFolders()) {
    const file = join(folder, 'api.md')
    const wanted = apiReport(folder)
    const found = readText(file)
    if (found === wanted) continue
    console.log(`${file} ${values.check ? 'is not current: npm run api' : 'is written'}`)
    if (values.check) process.exitCode = 1
    else writeFileSync(file, wanted)
  }
}

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}
