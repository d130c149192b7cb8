import { readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { neededNode } from '../../packages/service/src/cli/node-version.ts'
import { packageFolders } from '../../scripts/api-report.ts'
import { readText } from '../support/repository.ts'

interface Manifest {
  readonly name: string
  readonly engines: Readonly<Record<string, string>>
  readonly dependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>
  readonly [field: string]: unknown
}

interface Workspace {
  readonly catalog: Readonly<Record<string, string>>
  readonly catalogs: Readonly<Record<string, Readonly<Record<string, string>>>>
}

const workspace = parse(readText('pnpm-workspace.yaml')) as Workspace
const packages = packageFolders().map(
  (folder) => [basename(folder), JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest] as const,
)

/** What is published of a dependency of another project. */
function published(name: string, specifier: string): string | undefined {
  const [, catalog] = /^catalog:(.*)$/.exec(specifier) ?? []
  if (catalog === undefined) return specifier
  return catalog === '' ? workspace.catalog[name] : workspace.catalogs[catalog]?.[name]
}

describe.each(packages)('%s', (folder, manifest) => {
  const isProgram = folder.endsWith('-bin')
  const dependencies = Object.entries(manifest.dependencies ?? {})

  test('says what it is, and where', () => {
    expect(manifest).toMatchObject({
      description: expect.stringMatching(/\.$/),
      keywords: expect.arrayContaining([expect.any(String)]),
      homepage: expect.stringContaining(`/packages/${folder}#readme`),
      bugs: expect.stringMatching(/\/issues$/),
      author: expect.any(String),
      license: 'MIT',
      repository: { type: 'git', directory: `packages/${folder}` },
      files: expect.arrayContaining(['dist', 'CHANGELOG.md']),
    })
  })

  test('names the Node that it is tested on', () => {
    const needsLedger = isProgram || folder === 'service'
    expect(manifest.engines).toEqual({ node: `>=${needsLedger ? neededNode : '22.13'}` })
  })

  test(`depends on others by ${isProgram ? 'exact versions' : 'range'}`, () => {
    const wrong = isProgram ? /[\^~<>*]/ : /^[^^]/
    const ours = isProgram ? 'workspace:*' : 'workspace:^'
    for (const [name, specifier] of dependencies) {
      const version = specifier.startsWith('workspace:') ? undefined : published(name, specifier)
      if (version === undefined) expect([name, specifier]).toEqual([name, ours])
      else expect(version).not.toMatch(wrong)
    }
  })

  if (!isProgram) {
    test('says that its types need those of Node', () => {
      expect(manifest.peerDependencies?.['@types/node']).toBe('>=22')
      expect(manifest.peerDependenciesMeta?.['@types/node']).toEqual({ optional: true })
    })
  }
})
