import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { readText, repositoryFiles, root } from '../support/repository.ts'

const scripts: readonly (readonly [string, string])[] = [
  ['quick', 'scripts/quick.ts'],
  ['commits', 'scripts/check-commits.ts'],
  ['api', 'scripts/api-report.ts'],
  ['licences', 'scripts/licences.ts'],
  ['release', 'scripts/release.ts'],
  ['package', 'packaging/src/main.ts'],
  ['bench', 'bench/src/main.ts'],
  ['fuzz', 'test/fuzz/main.ts'],
  ['soak', 'test/soak/main.ts'],
  ['mutants', 'test/simulation/mutants/main.ts'],
]

describe('scripts of the repository', () => {
  test.each(scripts)(
    'npm run %s refuses what it does not know, says where it is documented, and exits with 2',
    (name, file) => {
      const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, file), '--nonsense'], {
        encoding: 'utf8',
      })
      expect({ status, stdout, stderr }).toEqual({
        status: 2,
        stdout: '',
        stderr: `npm run ${name}: Unknown option '--nonsense'; see CONTRIBUTING.md\n`,
      })
      expect(readText('CONTRIBUTING.md')).toContain(`npm run ${name}`)
    },
  )

  test('none reads its options in another way', () => {
    const others = repositoryFiles('scripts/*.ts', 'packaging/src/*.ts', 'bench/src/*.ts').filter(
      (file) => file !== 'scripts/options.ts' && readText(file).includes('parseArgs('),
    )
    expect(others).toEqual([])
  })
})
