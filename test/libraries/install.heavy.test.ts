import { execFile, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { schemaFiles } from '../../packages/core/src/schemas.ts'
import { packageFolders } from '../../scripts/api-report.ts'
import { root } from '../support/repository.ts'
import { examples, installed, pnpm, type Run } from './packages.ts'
import { Registry } from './registry.ts'

/* Every package as people get it: packed, installed into an empty project, imported, compiled, and its README followed. */

const ownMachine =
  process.getuid?.() === 0 && spawnSync('unshare', ['--net', '--mount', 'ip', 'link', 'set', 'lo', 'up']).status === 0
if (!ownMachine)
  console.log('SKIPPED: running the examples of READMEs, because that takes root, unshare and ip: they name addresses')

interface PackageJson {
  readonly name: string
  readonly version: string
  readonly exports: Readonly<Record<string, string | { readonly default?: string }>>
  readonly bin?: Readonly<Record<string, string>>
}

const packages = packageFolders().map(
  (folder) => JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as PackageJson,
)
/** Everything that can be imported, by the name that one imports it by. */
const entries = packages.flatMap(({ name, exports }) =>
  Object.entries(exports)
    .filter(([, entry]) => typeof entry !== 'string')
    .map(([subpath]) => `${name}${subpath.slice(1)}`),
)
/** Those that carry no library of Azure: with it they would be several times as large. */
const withoutAzure = [
  '@cachewarmer/core',
  '@cachewarmer/queue',
  '@cachewarmer/nfs',
  '@cachewarmer/walker',
  '@cachewarmer/vmss',
  '@cachewarmer/service',
  '@cachewarmer/submit',
]
const small = packages.filter(({ name }) => withoutAzure.includes(name))
const programs = packages.flatMap(({ bin = {}, version }) => Object.keys(bin).map((name) => ({ name, version })))

const withThisNode = { ...process.env, PATH: `${dirname(process.execPath)}:${process.env['PATH']}` }

const run = async (cwd: string, program: string, ...args: readonly string[]): Promise<string> => {
  const options = { cwd, env: withThisNode, encoding: 'utf8', maxBuffer: 1 << 26 } as const
  const { stdout } = await promisify(execFile)(program, args, options).catch(
    (error: Error & { stdout?: string; stderr?: string }) => {
      throw new Error(`${program} ${args.join(' ')}\n${error.stdout}\n${error.stderr}`)
    },
  )
  return stdout
}

const managers = ['npm', 'pnpm'] as const

describe('every package, packed and installed into an empty project', () => {
  let folder: string
  const project = (manager: string): string => join(folder, manager)
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'cachewarmer-installed-'))
    const packed = join(folder, 'packed')
    await pnpm(['--recursive', '--filter', './packages/*', 'pack', '--pack-destination', packed], root)
    await using registry = await Registry.start(readdirSync(packed).map((name) => join(packed, name)))
    for (const [name, some] of [
      ...managers.map((manager) => [manager, packages] as const),
      ['small', small] as const,
    ]) {
      mkdirSync(project(name))
      const dependencies = Object.fromEntries(some.map(({ name, version }) => [name, `^${version}`]))
      const types = { '@types/node': '24', '@commander-js/extra-typings': '*', commander: '*' }
      const json = { private: true, type: 'module', dependencies, devDependencies: types }
      writeFileSync(join(project(name), 'package.json'), JSON.stringify(json))
    }
    // Nothing of this machine's: neither what is kept from earlier installations, nor another registry.
    const from = ['--registry', registry.url, '--ignore-scripts']
    const own = (name: string): string => join(folder, name)
    await Promise.all([
      run(project('npm'), 'npm', 'install', ...from, '--cache', own('cache'), '--no-audit', '--no-fund'),
      run(project('small'), 'npm', 'install', ...from, '--cache', own('small-cache'), '--no-audit', '--no-fund'),
      pnpm(['install', ...from, '--store-dir', own('store'), '--config.engine-strict=false'], project('pnpm')),
    ])
    for (const manager of managers) {
      mkdirSync(join(project(manager), 'readme'))
      for (const { id, text } of examples) writeFileSync(join(project(manager), 'readme', `${id}.ts`), text)
      // Its suite is for vitest alone, an optional peer.
      const typed = entries.filter((name) => name !== '@cachewarmer/walker/testing')
      const imports = typed.map((name, at) => `import * as at${at} from '${name}'\n`)
      const used = typed.map((_, at) => `at${at}`).join(', ')
      writeFileSync(join(project(manager), 'imports.ts'), `${imports.join('')}export const all = [${used}]\n`)
    }
  }, 300_000)
  afterAll(() => rmSync(folder, { recursive: true, force: true }), 120_000)

  test.each(managers)('by %s, can be imported by each of its names', async (manager) => {
    const script = `
      for (const name of ${JSON.stringify(entries)}) console.log(name, Object.keys(await import(name)).length)`
    writeFileSync(join(project(manager), 'imports.mjs'), script)
    const said = await run(project(manager), process.execPath, 'imports.mjs')
    const lines = said.trim().split('\n')
    expect(lines.map((line) => line.split(' ')[0])).toEqual(entries)
    for (const line of lines) expect(line).not.toMatch(/ 0$/)
  })

  test.each(schemaFiles())('publishes the JSON Schema %s, as the sources have it', async (name, text) => {
    const script = `process.stdout.write((await import('node:fs')).readFileSync(
      new URL(import.meta.resolve('@cachewarmer/core/schema/${name}'))))`
    writeFileSync(join(project('npm'), 'schema.mjs'), script)
    expect(await run(project('npm'), process.execPath, 'schema.mjs')).toBe(text)
  })

  test('without manager and worker, brings no library of Azure, and says what to install where one is used', async () => {
    const folders = readdirSync(join(project('small'), 'node_modules'), { recursive: true, encoding: 'utf8' })
    expect(folders.filter((name) => /(^|\/)@azure$/.test(name))).toEqual([])
    const script = `
      import { openService } from '@cachewarmer/queue/open'
      import { openAzureFleet } from '@cachewarmer/service/manager'
      import { submitJob } from '@cachewarmer/submit'
      const azure = {
        azureCloud: 'AzurePublicCloud', azureSubscription: 's', azureResourceGroup: 'g', azureLocation: 'westeurope',
        vmssSubnetId: '/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/n/subnets/w',
        vmssUserName: 'azureuser', vmssSshPublicKey: 'ssh-ed25519 ' + 'AAAAC3NzaC1lZDI1NTE5'.padEnd(68, 'A') + ' test',
        bootstrapMountAddress: '10.0.5.4', bootstrapExportPath: '/data', bootstrapScriptPath: '/worker.sh',
      }
      const queue = { storageAccountName: 'studio', queueNamePrefix: 'studio' }
      const config = { azure, queue, access: {}, workers: 1, job: { leaseMs: 60_000, idleMs: 20_000 } }
      const refused = await Promise.allSettled([
        openService('https://studio.queue.core.windows.net'),
        openAzureFleet(config, { environment: {} }),
      ])
      console.log(typeof submitJob)
      for (const { reason } of refused) console.log(reason.message)`
    writeFileSync(join(project('small'), 'azure.mjs'), script)
    const said = await run(project('small'), process.execPath, 'azure.mjs')
    expect(said).toMatch(/^function/)
    expect(said).toMatch(/not installed: npm install @azure\/storage-queue @azure\/identity$/m)
    expect(said).toMatch(/not installed: npm install @azure\/arm-compute @azure\/arm-network @azure\/identity$/m)
    const args = ['--queue', 'https://studio.queue.core.windows.net', '--queue-name-prefix', 'studio', 'list']
    const submit = spawnSync(join(project('small'), 'node_modules/.bin/cachewarmer-submit'), args, {
      env: withThisNode,
      encoding: 'utf8',
    })
    expect(submit).toMatchObject({ status: 2, stdout: '' })
    expect(submit.stderr).toMatch(/not installed: npm install @azure\/storage-queue @azure\/identity$/m)
  })

  test('without manager and worker, has types that are whole where no library of Azure is', async () => {
    const names = small.flatMap(({ name, exports }) =>
      Object.entries(exports)
        .filter(([subpath, entry]) => typeof entry !== 'string' && !/^\.\/(azure|testing)$/.test(subpath))
        .map(([subpath]) => `${name}${subpath.slice(1)}`),
    )
    const imports = names.map((name, at) => `import * as at${at} from '${name}'\n`).join('')
    writeFileSync(
      join(project('small'), 'whole.ts'),
      `${imports}export const all = [${names.map((_, at) => `at${at}`).join(', ')}]\n`,
    )
    const compilerOptions = { target: 'es2022', lib: ['es2023'], types: ['node'], module: 'nodenext' }
    const strict = { strict: true, exactOptionalPropertyTypes: true, skipLibCheck: false, noEmit: true }
    const file = join(project('small'), 'tsconfig.json')
    writeFileSync(file, JSON.stringify({ compilerOptions: { ...compilerOptions, ...strict }, include: ['whole.ts'] }))
    await run(project('small'), join(root, 'node_modules/.bin/tsc'), '--project', file)
  })

  test.each(programs)('gives the program $name', async ({ name, version }) => {
    for (const manager of name === 'cachewarmer-manager' ? managers : ['npm']) {
      const program = join(project(manager), 'node_modules/.bin', name)
      expect(await run(project(manager), program, '--version')).toBe(`${version}\n`)
    }
  })

  test.each([
    ['npm', 'node16', 'node16'],
    ['pnpm', 'esnext', 'bundler'],
  ])('by %s, has types, and READMEs compile, with module %s and moduleResolution %s', async (manager, module, how) => {
    const config = {
      compilerOptions: {
        target: 'es2024',
        lib: ['es2025', 'esnext.disposable'],
        types: ['node'],
        strict: true,
        noEmit: true,
        module,
        moduleResolution: how,
      },
      include: ['imports.ts', 'readme/*.ts'],
    }
    const file = join(project(manager), `tsconfig.${how}.json`)
    writeFileSync(file, JSON.stringify(config))
    await run(project(manager), join(root, 'node_modules/.bin/tsc'), '--project', file)
  })

  test.skipIf(!ownMachine)('does what its README shows', { timeout: 180_000 }, async () => {
    const machine = join(root, 'test/libraries/readme-machine.ts')
    const args = ['--net', '--mount', process.execPath, machine, project('npm')]
    const said = await run(project('npm'), 'unshare', ...args)
    const seen = JSON.parse(/^@@(.*)$/m.exec(said)?.[1] ?? '[]') as { id: string; code: number; said: string }[]
    const wanted = examples.filter(
      (example): example is typeof example & { run: Run } => typeof example.run !== 'string',
    )
    expect(seen.map(({ id, code }) => ({ id, code }))).toEqual(wanted.map(({ id }) => ({ id, code: 0 })))
    for (const [at, { id, run }] of wanted.entries())
      expect({ id, said: seen[at]?.said }).toMatchObject({ said: expect.stringMatching(run.says) })
  })
})

test('examples that are compiled alone are few, and it is said why', () => {
  const alone = examples.flatMap(({ where, run }) => (typeof run === 'string' ? `${where}: ${run}` : []))
  for (const line of alone) console.log(`COMPILED, NOT RUN: ${line}`)
  expect(alone.length).toBeLessThan(examples.length / 4)
})

test.each(examples.filter(({ where }) => where.startsWith('packages/')))(
  'the README says to install all that $where imports',
  ({ where, block }) => {
    const named = [...block.matchAll(/from '((?:@[^/']+\/)?[^/']+)[^']*'/g)].map(([, name = '']) => name)
    const known = installed.get(where.split(':')[0] ?? '')
    expect(named.filter((name) => !name.startsWith('node:') && known?.has(name) !== true)).toEqual([])
  },
)
