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
  vmss: ['queue'],
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
  submit: ['report', 'walker', 'nfs', 'queue', 'core'],
  manager: ['report', 'submit', 'vmss', 'queue', 'core'],
  warm: ['manager', 'worker', 'submit', 'report', 'queue', 'core'],
  testing: ['report', 'submit', 'queue', 'core'],
}

/**
 * `cli` is the programs' edge, and rooms below import single names of it: these, for these reasons. Another one is refused,
 * and so is a reason that no import needs any more.
 */
const ofCli: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  submit: {
    UsageError: "a mistake in a list, a rule file or a manifest is its author's, and gets no stack trace",
    Files: 'the program hands in how the files that a command line names are read',
    JobSettings: 'readJob turns what a command line says of a job into one',
    refuseForeignText: 'a list may be a text of any program',
  },
  manager: {
    UsageError:
      'settings of page, machines and bootstrap folder are checked where they are used, and their author is told',
    Environment: 'the program hands in its variables, so that no room reads them by itself',
    readSecretFile: 'the token of the page and the password of machines lie in files',
    UnavailableError: 'a machine that has just booted may not tell yet where it is: a later start may',
    decodeText: 'a certificate file is text, of whatever encoding',
    QueueSettings: 'a fleet gives its workers the queue that the manager has',
    queueVariables: 'a fleet gives its workers the queue that the manager has',
    isFileQueue: 'a queue of this machine is no secret of another one',
    AccessConfig: 'a fleet gives its workers the access that the manager was told',
    accessEnvironment: 'a fleet gives its workers the access that the manager was told',
    accessOptions: 'a fleet gives its workers the access that the manager was told',
  },
  warm: {
    Files: 'the program hands in how the files that a command line names are read',
    JobSettings: 'the settings of its jobs are those of a command line',
    Environment: 'the program hands in its variables, so that no room reads them by itself',
    Shutdown: 'the program hands in its signals',
    UsageError: "a mistake in a path or an option is its author's, and gets no stack trace",
    endCode: 'a one-shot is a program without its streams: it ends with an exit code',
    exitCode: 'a one-shot is a program without its streams: it ends with an exit code',
    openLogger: 'it runs a manager, as a program does',
    openQueues: 'it runs a manager, as a program does',
    systemRandom: 'it runs a manager, as a program does',
  },
}
const neededOfCli = new Set<string>()

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
    if (other === 'cli' && room !== undefined && room in ofCli) continue
    if (room !== undefined && other !== undefined && other !== room && !allowed.includes(other)) refuse(other)
  }
  for (const [, names = '', from = ''] of text.matchAll(/import\s+(?:type\s+)?\{([^}]*)\}\s+from\s+'([^']+)'/g)) {
    if (room === undefined || room === 'cli' || roomOf(normalize(join(dirname(where), from))) !== 'cli') continue
    for (const [, name = ''] of names.matchAll(/(?:^|,)\s*(?:type\s+)?(\w+)/g)) {
      if (ofCli[room]?.[name] === undefined)
        problems.push(`${where}: imports ${name} of cli, for no reason that is known`)
      neededOfCli.add(`${room} ${name}`)
    }
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

for (const [room, names] of Object.entries(ofCli))
  for (const name of Object.keys(names))
    if (!neededOfCli.has(`${room} ${name}`)) problems.push(`${room} does not import ${name} of cli any more`)

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
