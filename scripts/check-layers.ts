import { readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

/*
 * Holds the repository to what ARCHITECTURE.md says: imports between packages point one way, only binaries touch
 * `process`, and every path that the document names exists.
 */
const root = dirname(dirname(fileURLToPath(import.meta.url)))

/** Which packages of ours a folder may import. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  core: [],
  queue: [],
  nfs: [],
  vmss: [],
  verify: ['nfs'],
  walker: ['nfs'],
  report: ['core'],
  'status-page': ['core', 'report'],
  cli: ['core', 'queue'],
  'worker-bin': ['cli', 'core', 'queue', 'walker', 'vmss'],
  'submit-bin': ['cli', 'core', 'nfs', 'queue', 'report', 'status-page', 'verify'],
  'manager-bin': ['cli', 'core', 'queue', 'report', 'status-page', 'submit', 'vmss', 'worker'],
}

/** Folders whose code is the edge of a program: they may read arguments and environment, and exit. */
const edges = new Set(['cli', 'worker-bin', 'submit-bin', 'manager-bin'])

const problems: string[] = []

function* sources(folder: string): Generator<string> {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name)
    if (statSync(path).isDirectory()) yield* sources(path)
    else if (/\.tsx?$/.test(path) && !path.endsWith('.generated.ts')) yield path
  }
}

for (const folder of readdirSync(join(root, 'packages'))) {
  const layers = allowed[folder]
  if (layers === undefined) {
    problems.push(`packages/${folder}: no layer is known for it`)
    continue
  }
  for (const file of sources(join(root, 'packages', folder, 'src'))) {
    const text = readFileSync(file, 'utf8')
    const where = relative(root, file)
    const isTest = file.endsWith('.test.ts') || file.includes('/testing/')
    for (const [, name = ''] of text.matchAll(/from '@cachewarmer\/([a-z-]+)/g)) {
      const own = folder.replace(/-bin$/, '') === name
      if (!own && !layers.includes(name) && !isTest)
        problems.push(`${where}: imports ${name}, allowed: ${layers.join(', ') || 'none'}`)
    }
    if (!edges.has(folder) && !isTest && /\bprocess\.(env|argv|exit|on|once|std)/.test(text))
      problems.push(`${where}: a library touches process`)
    const lines = text.split('\n').length - 1
    if (!isTest && lines > 400) problems.push(`${where}: ${lines} lines, at most 400`)
  }
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
