import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { Spec, Validation } from '@cyclonedx/cyclonedx-library'
import { describe, expect, test } from 'vitest'
import { bundlePrograms } from '../src/bundle.ts'
import { releaseFolder } from '../src/release.ts'
import { notLinux } from './launch.ts'

const text = (name: string): string => readFileSync(join(releaseFolder, name), 'utf8')
const listed = (): readonly string[] =>
  text('SHA256SUMS')
    .trim()
    .split('\n')
    .map((line) => line.slice(66))

interface Bom {
  readonly serialNumber: string
  readonly metadata: { readonly timestamp: string }
  readonly components: readonly {
    readonly name: string
    readonly version: string
    readonly group?: string
    readonly licenses: readonly unknown[]
  }[]
}

describe.skipIf(notLinux)('what is released', () => {
  test('holds one program in two forms, what is inside them, and checksums of it all', () => {
    const wanted = ['cachewarmer', 'cachewarmer.mjs', 'operations.tar.gz', 'VERSION', 'THIRD-PARTY-LICENSES.txt']
    expect([...listed()].sort()).toEqual([...wanted, 'sbom.cdx.json'].sort())
    const there = readdirSync(releaseFolder).filter((name) => !name.startsWith('.'))
    expect(there.sort()).toEqual([...listed(), 'SHA256SUMS'].sort())
    const check = execFileSync('sha256sum', ['--check', 'SHA256SUMS'], { cwd: releaseFolder, encoding: 'utf8' })
    expect(check.match(/: OK$/gm)).toHaveLength(listed().length)
    for (const name of ['cachewarmer', 'cachewarmer.mjs'])
      expect(statSync(join(releaseFolder, name)).mode & 0o777).toBe(0o755)
  })

  test('holds what an administrator needs without this repository', () => {
    const files = execFileSync('tar', ['-tzf', join(releaseFolder, 'operations.tar.gz')], { encoding: 'utf8' }).split(
      '\n',
    )
    for (const name of [
      'terraform/scripts/prepare-bootstrapdir.sh',
      'terraform/modules/remote_script/main.tf',
      'terraform/examples/existing-controller/README.md',
      'docs/operators/air-gapped.md',
      'packages/service/bootstrap/README.md',
      'SECURITY.md',
    ])
      expect(files).toContain(name)
  })

  test('has a bill of materials that its specification accepts', async () => {
    const validator = new Validation.JsonStrictValidator(Spec.Version.v1dot6)
    expect(await validator.validate(text('sbom.cdx.json'))).toBeNull()
    const { serialNumber, metadata } = JSON.parse(text('sbom.cdx.json')) as Bom
    expect(serialNumber).toMatch(/^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    const committed = execFileSync('git', ['-c', 'safe.directory=*', 'log', '-1', '--format=%ct'], {
      cwd: releaseFolder,
    })
    expect(Date.parse(metadata.timestamp)).toBe(Number(committed) * 1000)
  })

  test('names every package inside with its version and licence, Node and ours among them', () => {
    const { components } = JSON.parse(text('sbom.cdx.json')) as Bom
    const names = components.map(({ group, name }) => (group === undefined ? name : `${group}/${name}`))
    for (const name of ['node', 'pino', 'commander', '@azure/identity', '@azure/arm-compute', '@cachewarmer/walker'])
      expect(names).toContain(name)
    expect(new Set(names).size).toBeGreaterThan(40)
    for (const { licenses } of components) expect(licenses).toHaveLength(1)
  })

  test('gives the licence of each package that is not ours, and of Node with all its parts', () => {
    const licences = text('THIRD-PARTY-LICENSES.txt')
    const { components } = JSON.parse(text('sbom.cdx.json')) as Bom
    for (const { group, name, version } of components) {
      if (group === '@cachewarmer') expect(licences).not.toContain(`\n@cachewarmer/${name} `)
      else expect(licences).toContain(`\n${group === undefined ? '' : `${group}/`}${name} ${version}\n`)
    }
    for (const part of ['libuv', 'OpenSSL', 'V8']) expect(licences).toContain(part)
  })

  test('holds no path of the machine that built it', async () => {
    const programs = [...(await bundlePrograms()).values()].map((bundle) => bundle.text)
    for (const held of [...programs, text('cachewarmer.mjs'), text('sbom.cdx.json')])
      expect(held).not.toContain(join(releaseFolder, '../..'))
  })
})
