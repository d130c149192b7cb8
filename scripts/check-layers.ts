import { readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, normalize, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

/*
 * Holds the repository to the house: imports between packages, and between the rooms of the service, point one way; only
 * `service/cli` and the programs touch `process`; no file is longer than 500 lines; and every path that ARCHITECTURE.md
 * names exists. oxlint finds import cycles.
 */
const root = dirname(dirname(fileURLToPath(import.meta.url)))

/** The packages of ours that a package may import. */
const packages: Readonly<Record<string, readonly string[]>> = {
  core: [],
  queue: [],
  nfs: [],
  vmss: [],
  walker: ['nfs'],
  service: ['core', 'queue', 'nfs', 'vmss', 'walker'],
  'worker-bin': ['service', 'core', 'queue', 'vmss'],
  'submit-bin': ['service', 'core', 'queue', 'nfs', 'walker'],
  'manager-bin': ['service', 'queue', 'vmss', 'submit', 'worker'],
}

/** The rooms of the service, and what each may import of other rooms and packages. */
const rooms: Readonly<Record<string, readonly string[]>> = {
  report: ['core'],
  cli: ['core', 'queue'],
  worker: ['walker', 'queue', 'vmss', 'core'],
  submit: ['cli', 'report', 'walker', 'nfs', 'queue', 'core'],
  manager: ['cli', 'report', 'submit', 'vmss', 'queue', 'core'],
  warm: ['cli', 'manager', 'worker', 'submit', 'report', 'queue', 'core'],
  testing: ['report', 'submit', 'queue', 'core'],
}

const maxLines = 500
const problems: string[] = []

function* sources(folder: string): Generator<string> {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name)
    if (statSync(path).isDirectory()) yield* sources(path)
    else if (/\.tsx?$/.test(path) && !path.endsWith('.generated.ts')) yield path
  }
}

/** The name of the room that a file of the service lies in. */
const roomOf = (path: string): string | undefined => /packages\/service\/src\/([a-z-]+)\//.exec(path)?.[1]

function check(folder: string, file: string): void {
  const text = readFileSync(file, 'utf8')
  const where = relative(root, file)
  const isTest = file.endsWith('.test.ts') || file.includes('/testing/')
  if (isTest) return
  const room = roomOf(where)
  const allowed = (room === undefined ? packages[folder] : rooms[room]) ?? []
  const refuse = (name: string): number =>
    problems.push(`${where}: imports ${name}, allowed: ${allowed.join(', ') || 'none'}`)
  for (const [, from = ''] of text.matchAll(/(?:from|import\()\s*'([^']+)'/g)) {
    const name = /^@cachewarmer\/([a-z-]+)/.exec(from)?.[1]
    if (name !== undefined && folder.replace(/-bin$/, '') !== name && !allowed.includes(name)) refuse(name)
    const other = from.startsWith('.') ? roomOf(normalize(join(dirname(where), from))) : undefined
    if (room !== undefined && other !== undefined && other !== room && !allowed.includes(other)) refuse(other)
  }
  const isEdge = room === 'cli' || folder.endsWith('-bin')
  if (!isEdge && /\bprocess\.(env|argv|exit|on|once|std)/.test(text))
    problems.push(`${where}: a library touches process`)
  const lines = text.split('\n').length - 1
  if (lines > maxLines) problems.push(`${where}: ${lines} lines, at most ${maxLines}`)
}

for (const folder of readdirSync(join(root, 'packages'))) {
  if (packages[folder] === undefined) problems.push(`packages/${folder}: no layer is known for it`)
  else for (const file of sources(join(root, 'packages', folder, 'src'))) check(folder, file)
}

const architecture = readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8')
for (const [, path = ''] of architecture.matchAll(/`((?:packages|test|bench|docs|scripts|examples)\/[\w./-]+)`/g)) {
  try {
    statSync(join(root, path))
  } catch {
    problems.push(`ARCHITECTURE.md names ${path}, which is not there`)
  }
}

for (const problem of problems) console.error(problem)
if (problems.length > 0) process.exit(1)
