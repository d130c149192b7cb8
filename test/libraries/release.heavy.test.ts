import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { root } from '../support/repository.ts'
import { pnpm } from './packages.ts'

test('a dry run of a release shows every package, its version and its files, and publishes nothing', {
  timeout: 300_000,
}, async () => {
  const { stdout } = await pnpm(['exec', 'node', 'scripts/release.ts', '--dry-run'], root)
  for (const name of ['core', 'queue', 'nfs', 'walker', 'vmss', 'service', 'worker', 'manager', 'submit'])
    expect(stdout).toMatch(
      new RegExp(`^@cachewarmer/${name}  \\d+\\.\\d+\\.\\d+(?: -> \\d+\\.\\d+\\.\\d+ \\(\\w+\\)|, unchanged)$`, 'm'),
    )
  expect(stdout).toContain('  dist/index.d.ts\n')
  expect(stdout).not.toMatch(/\.test\./)
  expect(stdout).toMatch(/\nNothing was published\.\n$/)
  expect(
    execFileSync('git', ['-c', 'safe.directory=*', 'status', '--porcelain', '--', 'packages'], {
      cwd: root,
      encoding: 'utf8',
    }),
  ).not.toMatch(/CHANGELOG|\.tgz/)
})

test('a release is described by its help', () => {
  expect(execFileSync(process.execPath, [join(root, 'scripts/release.ts'), '--help'], { encoding: 'utf8' })).toContain(
    '--dry-run',
  )
})
