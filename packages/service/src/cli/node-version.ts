/*
 * Read by every Node that ES modules exist for: no imports, no syntax of today. A program's first file imports this one
 * alone; the rest is loaded once it is known that it can be.
 */

/** The oldest Node that programs run on, `engines` of their packages: older ones lack what the ledger needs of SQLite. */
export const neededNode = '22.18'

/** What is wrong with this version of Node; undefined where nothing is. */
export function nodeProblem(version: string): string | undefined {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const [neededMajor = 0, neededMinor = 0] = neededNode.split('.').map(Number)
  if (major > neededMajor || (major === neededMajor && minor >= neededMinor)) return undefined
  return `needs Node ${neededNode} or newer, and this is Node ${version}`
}

/** Up to 24.14 Node warns that SQLite is experimental, which is nothing that a person at a terminal can act on. */
function hushSqlite(): void {
  const emitWarning = process.emitWarning.bind(process) as (...args: unknown[]) => void
  process.emitWarning = (...args: unknown[]): void => {
    if (!String(args[0]).startsWith('SQLite is an experimental feature')) emitWarning(...args)
  }
}

/** Loads a program, or says which Node it needs and exits with 2. */
export function withNeededNode(program: string, load: () => Promise<unknown>): void {
  const problem = nodeProblem(process.versions.node)
  if (problem === undefined) {
    hushSqlite()
    void load()
    return
  }
  process.stderr.write(`${program}: ${problem} (${process.execPath}). The released executable brings its own Node.\n`)
  process.exitCode = 2
}
