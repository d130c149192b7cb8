import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { CountReporter, countsVariable, maySkipVariable, skippedInVain } from '../../scripts/count-reporter.ts'
import { tierVariable } from '../../scripts/tiers.ts'
import { readText, repositoryFiles, root, rootScripts } from '../support/repository.ts'

const ganesha = 'src/ganesha.test.ts > nfs-ganesha > reads'
const nfslab = "src/nfslab.test.ts > the kernel's server > reads"

test('under CI a skipped test is a failure, unless it is allowed by name', () => {
  expect(skippedInVain([ganesha, nfslab], {})).toEqual([])
  expect(skippedInVain([ganesha, nfslab], { CI: 'false' })).toEqual([])
  expect(skippedInVain([ganesha, nfslab], { CI: 'true' })).toEqual([ganesha, nfslab])
  expect(skippedInVain([ganesha, nfslab], { CI: 'true', [maySkipVariable]: '' })).toEqual([ganesha, nfslab])
  expect(skippedInVain([ganesha, nfslab], { CI: 'true', [maySkipVariable]: 'nfslab.test.ts > |other' })).toEqual([
    ganesha,
  ])
})

describe('the gate without nfslab', () => {
  const [, list = ''] = /CACHEWARMER_MAY_SKIP='([^']*)'/.exec(readText('.ci/run')) ?? []
  const tests = repositoryFiles('*.test.ts')

  test('still counts skips', () => {
    expect(readText('.ci/run')).not.toContain('CI=false')
  })

  test.each(list.split('|'))('allows "%s", which is there, and no more', (part) => {
    const file = part.replace(/ > $/, '')
    const found =
      file === part ? tests.filter((one) => readText(one).includes(part)) : tests.filter((one) => one.endsWith(file))
    expect(found).toHaveLength(1)
  })
})

/** The files that vitest would run in a tier. */
function filesOf(tier: string): string[] {
  const vitest = join(root, 'node_modules/vitest/vitest.mjs')
  const options = { cwd: root, env: { ...process.env, [tierVariable]: tier }, encoding: 'utf8' } as const
  const listed = execFileSync(process.execPath, [vitest, 'list', '--filesOnly', '--json'], options)
  return (JSON.parse(listed) as { file: string }[]).map(({ file }) => relative(root, file))
}

test('each test file is in one tier, and in one project of it', () => {
  const all = [...filesOf('light'), ...filesOf('heavy')]
  expect(all.sort()).toEqual(repositoryFiles('*.test.ts').sort())
})

test('the gate runs both tiers, and each has a script', () => {
  expect(readText('.ci/run').match(/^npm (?:test|run --silent test:all)\b/gm)).toEqual([
    'npm test',
    'npm run --silent test:all',
  ])
  expect([rootScripts.has('test'), rootScripts.has('test:all')]).toEqual([true, true])
})

afterEach(() => {
  vi.restoreAllMocks()
  vi.unstubAllEnvs()
})

test('the closing line of the second run is over both, and the failures of both stand before it', () => {
  const folder = mkdtempSync(join(tmpdir(), 'cachewarmer-counts-'))
  const file = join(folder, 'counts')
  vi.stubEnv(countsVariable, file)
  // Under CI the skipped one would count as a failure.
  vi.stubEnv('CI', 'false')
  const said = vi.spyOn(console, 'log').mockImplementation(() => {})
  for (const states of [
    ['passed', 'failed'],
    ['passed', 'passed', 'skipped'],
  ] as const) {
    const reporter = new CountReporter()
    for (const state of states)
      reporter.onTestCaseResult({
        result: () => ({ state, errors: [{ message: 'it is 1\nand not 2' }] }),
        module: { relativeModuleId: 'a.test.ts' },
        fullName: 'x',
      } as unknown as Parameters<CountReporter['onTestCaseResult']>[0])
    reporter.onTestRunEnd([], [])
  }
  const failures = ['FAILED a.test.ts > x: it is 1']
  expect(said.mock.calls.slice(-2).flat()).toEqual([...failures, '3 passed, 1 failed, 1 skipped'])
  expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({ passed: 3, failed: 1, skipped: 1, failures })
  rmSync(folder, { recursive: true })
})
