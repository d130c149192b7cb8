import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { packageFolders } from '../../scripts/api-report.ts'
import { nodeOf } from '../support/nodes.ts'
import { root } from '../support/repository.ts'

/* The built packages on each Node that their `engines` name: the oldest, the newest of each line, and one that is too old. */

const libraries = ['core', 'queue', 'nfs', 'walker', 'vmss']
const engines = new Map(
  packageFolders().map((folder) => {
    const json = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { engines: { node: string } }
    return [folder.replace(/^.*\//, ''), json.engines.node.replace('>=', '')] as const
  }),
)
const oldest = (names: readonly string[]): readonly string[] => [
  ...new Set(names.map((name) => engines.get(name) ?? '')),
]
const programs = [
  'manager-bin/dist/bin.js',
  'manager-bin/dist/cachewarmer.js',
  'worker-bin/dist/bin.js',
  'submit-bin/dist/bin.js',
]
const programsNeed = oldest(['service', 'manager-bin', 'worker-bin', 'submit-bin'])

const nodes = new Map<string, string | undefined>()
for (const version of [...oldest(libraries), ...programsNeed].map((each) => `${each}.0`))
  nodes.set(version, await nodeOf(version))
for (const version of ['20', '22', '24', '26']) nodes.set(version, await nodeOf(version))
for (const [version, program] of nodes)
  if (program === undefined) console.log(`SKIPPED: Node ${version} can't be installed from the registry`)

const run = (version: string, ...args: readonly string[]) =>
  spawnSync(nodes.get(version) ?? '', args, { encoding: 'utf8', cwd: join(root, 'test/libraries'), timeout: 60_000 })

test('libraries need one Node, programs another', () => {
  expect(oldest(libraries)).toHaveLength(1)
  expect(programsNeed).toHaveLength(1)
})

describe.each([...nodes].filter(([version]) => version !== '20'))('Node %s', (version, program) => {
  test.skipIf(program === undefined)('runs what libraries are for', () => {
    const { status, stdout, stderr } = run(version, 'smoke.mjs')
    expect({ status, stdout, stderr }).toMatchObject({ status: 0, stdout: expect.stringMatching(/^Node .*: fine$/m) })
  })

  // Libraries run on one that is too old for programs.
  const started = version === `${oldest(libraries)[0]}.0` ? [] : programs
  for (const name of started)
    test.skipIf(program === undefined)(`starts ${name}, and says nothing of experiments`, () => {
      const { status, stderr } = run(version, join(root, 'packages', name), '--version')
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    })
})

describe.each([...nodes].filter(([version]) => version === '20'))('Node %s', (version, program) => {
  test.skipIf(program === undefined).each(programs)('is told by %s which one is needed', (name) => {
    const { status, stdout, stderr } = run(version, join(root, 'packages', name), '--version')
    expect({ status, stdout, stderr }).toEqual({
      status: 2,
      stdout: '',
      stderr: expect.stringMatching(
        /^cachewarmer(-\w+)?: needs Node 22\.18 or newer, and this is Node 20\.\d+\.\d+ \(.*\)\./,
      ),
    })
  })
})
