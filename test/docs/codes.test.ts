import { marked, type Tokens } from 'marked'
import { expect, test } from 'vitest'
import { readText, repositoryFiles } from '../support/repository.ts'
import { documents } from './markdown.ts'

/*
 * Operators look for the code that a report shows: documents name those that exist, and explain each.
 */

const troubleshooting = 'docs/operators/troubleshooting.md'

/** The members of a union of texts, `export type NAME = | 'A' | 'B'`, or the keys of `export const NAME = { A: 1 }`. */
function declared(path: string, name: string): string[] {
  const [, body] =
    new RegExp(`export (?:type|const) ${name}\\b[^=]*=(.*?)\\n(?:\\n|\\})`, 's').exec(readText(path)) ?? []
  const found =
    body?.replace(/\/\*\*.*?\*\//gs, '').match(/(?<=')[A-Z][A-Z0-9_]*(?=')|(?<=^\s*)[A-Z][A-Z0-9_]*(?=:)/gm) ?? []
  if (found.length === 0) throw new Error(`${path}: no codes are found in ${name}; put right how this test reads them`)
  return found
}

/** Codes that workers and managers put into a report in addition to the walk's. */
const ofPrograms = repositoryFiles('packages/service/src/worker/*.ts', 'packages/service/src/manager/*.ts')
  .filter((path) => !/\.test\.ts$|\/testing\//.test(path))
  .flatMap((path) => readText(path).match(/(?<=\bcode: ')[A-Z][A-Z0-9_]*(?=' as const)/g) ?? [])

/** A caller's mistake, which our programs do not make. */
const neverShown = new Set(['OPTION_INVALID'])

const reported = new Set(
  [...declared('packages/walker/src/errors.ts', 'WalkErrorCode'), ...ofPrograms].filter(
    (code) => !neverShown.has(code),
  ),
)
const ofNfs = new Set(declared('packages/nfs/src/errors.ts', 'NfsErrorCode'))
const ofServers = new Set(declared('packages/nfs/src/nfs3/constants.ts', 'nfsStatus'))

/** The codes in the first column of the table below a heading. */
function explained(heading: string): string[] {
  const tokens = marked.lexer(readText(troubleshooting), { gfm: true })
  const at = tokens.findIndex((token) => token.type === 'heading' && (token as Tokens.Heading).text === heading)
  const table = tokens.slice(at).find((token) => token.type === 'table') as Tokens.Table | undefined
  const cells = at < 0 ? [] : (table?.rows ?? [])
  return cells.flatMap(([first]) => first?.text.match(/(?<=`)[A-Z][A-Z0-9_]*(?=`)/g) ?? [])
}

const failures = 'The job ends with failures'
const direct = "Workers can't use direct NFS"

test('codes are found where they are declared', () => {
  for (const code of ['ACCESS_DENIED', 'MOUNT_DOWN', 'UNREAD']) expect(reported).toContain(code)
  expect(ofNfs).toContain('PRIVILEGED_PORT')
  expect(ofServers).toContain('ACCES')
})

test(`each code that a report can show is explained in ${troubleshooting}`, () => {
  const missing = [...reported].filter((code) => !explained(failures).includes(code))
  expect(missing, `give each of them a row in "${failures}": what it is, and what helps`).toEqual([])
})

test(`each code in ${troubleshooting} is one that a report can show, once`, () => {
  const codes = explained(failures)
  expect(codes.filter((code) => !reported.has(code))).toEqual([])
  expect(codes.filter((code, at) => codes.indexOf(code) !== at)).toEqual([])
})

test('each code of direct NFS that is explained is one that its messages have', () => {
  expect(explained(direct).length).toBeGreaterThan(3)
  expect(explained(direct).filter((code) => !ofNfs.has(code))).toEqual([])
})

test.each(documents.filter(({ path }) => !/^packages\/(nfs|walker)\//.test(path)))(
  '$path names no status of a server in place of our code',
  ({ inline }) => {
    const foreign = inline.filter((code) => ofServers.has(code) && !reported.has(code) && !ofNfs.has(code))
    expect(
      foreign,
      'reports show our codes (packages/walker/src/mounts/nfs/translate.ts), such as ACCESS_DENIED for ACCES',
    ).toEqual([])
  },
)

/** A status of a server under the name that RFC 1813 gives it. */
const isStatus = (word: string): boolean => word.startsWith('NFS3ERR_') && ofServers.has(word.slice('NFS3ERR_'.length))

/** The words in capitals in a document for operators. */
const operators = documents.filter(({ path }) => /^docs\/(operators\/|what-happens-when)/.test(path))

test('each word in capitals in a document for operators is in a program, a script or a setting of ours', () => {
  const sources = repositoryFiles('packages/*', 'packaging/*', 'terraform/*', 'examples/*')
    .filter((path) => /\.(ts|tsx|bash|sh|tf|service|conf|hcl|yml)$/.test(path))
    .map(readText)
    .join('\n')
  const words = new Set(sources.match(/\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*\b/g))
  const unknown = operators.flatMap(({ path, inline }) =>
    inline
      .filter((code) => /^[A-Z][A-Z0-9_]+$/.test(code) && !words.has(code) && !isStatus(code))
      .map((code) => `${path}: ${code}`),
  )
  expect(unknown).toEqual([])
})
