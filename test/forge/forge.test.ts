import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import { parse } from 'yaml'
import { CountReporter } from '../../scripts/count-reporter.ts'
import { readText, repositoryFiles, root, rootScripts } from '../support/repository.ts'

interface Step {
  readonly uses?: string
  readonly run?: string
  readonly with?: Readonly<Record<string, unknown>>
}
interface Job {
  readonly needs?: string
  readonly if?: string
  readonly environment?: string
  readonly 'timeout-minutes'?: number
  readonly permissions?: Readonly<Record<string, string>>
  readonly strategy?: { readonly matrix?: Readonly<Record<string, readonly unknown[]>> }
  readonly steps: readonly Step[]
}
interface Workflow {
  readonly on: Readonly<Record<string, unknown>>
  readonly permissions?: Readonly<Record<string, string>>
  readonly jobs: Readonly<Record<string, Job>>
}

const workflows = repositoryFiles('.github/workflows/*.yml').map((path) => ({
  path,
  text: readText(path),
  workflow: parse(readText(path), { strict: true, uniqueKeys: true }) as Workflow,
}))
const jobs = workflows.flatMap(({ path, workflow }) =>
  Object.entries(workflow.jobs).map(([name, job]) => ({ name: `${path} ${name}`, job })),
)

/** Commands of a step, without what stands before them: `sudo` and its options, assignments. */
const commands = (script: string): string[] =>
  script
    .split(/\n|&&|;/)
    .map((line) => line.trim().replace(/^sudo (--\S+ )*/, ''))
    .filter((line) => line !== '' && !line.startsWith('#'))

/** The foreign program that a command calls; `undefined` if it is the project's own. */
function foreign(command: string): string | undefined {
  const [program = '', first = '', second = ''] = command.split(/\s+/)
  if (program === 'npm' && first === 'test') return rootScripts.has('test') ? undefined : command
  if (program === 'npm' && first === 'run') return rootScripts.has(second) ? undefined : command
  if (program === 'bash') return existsSync(join(root, first)) ? undefined : command
  return command
}

test('there is a workflow', () => {
  expect(workflows.map(({ path }) => path)).toContain('.github/workflows/ci.yml')
})

describe.each(jobs)('$name', ({ job }) => {
  test("calls the project's own scripts, which exist, and nothing else", () => {
    const scripts = job.steps.flatMap(({ run, uses, with: inputs }) => [
      ...(run === undefined ? [] : [run]),
      ...(uses?.startsWith('changesets/action') ? [inputs?.['version-script'], inputs?.['publish-script']] : []),
    ])
    const given = scripts.filter((script) => typeof script === 'string')
    expect(given.flatMap((script) => commands(script)).filter((command) => foreign(command))).toEqual([])
  })

  test('ends by itself', () => {
    expect(job['timeout-minutes']).toBeGreaterThan(0)
  })
})

describe.each(workflows)('$path', ({ text, workflow }) => {
  test('pins each action by commit, and says which version that is', () => {
    const uses = text.split('\n').filter((line) => /^\s*(- )?uses:/.test(line))
    expect(uses.length).toBeGreaterThan(0)
    for (const line of uses) expect(line).toMatch(/uses: [\w-]+\/[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/)
  })

  test('may do no more than read, unless a job says so', () => {
    expect(workflow.permissions).toEqual({ contents: 'read' })
  })

  test('puts nothing that an outsider writes into a shell', () => {
    const steps = Object.values(workflow.jobs).flatMap(({ steps }) => steps)
    for (const { run = '' } of steps) expect(run).not.toMatch(/\$\{\{/)
  })
})

describe('a release', () => {
  const { workflow } = workflows.find(({ path }) => path.endsWith('release.yml')) ?? { workflow: undefined }
  const job = (name: string): Job => workflow?.jobs[name] ?? { steps: [] }
  const uses = (name: string): string[] => job(name).steps.map((step) => step.uses?.split('@')[0] ?? step.run ?? '')

  test('waits for CI on main, of a push, and takes the commit that CI passed', () => {
    expect(workflow?.on).toEqual({ workflow_run: { workflows: ['CI'], types: ['completed'], branches: ['main'] } })
    expect(job('version').if).toMatch(/conclusion == 'success' && .*event == 'push'/)
    expect([job('build').needs, job('publish').needs]).toEqual(['version', 'build'])
    const checkouts = Object.values(workflow?.jobs ?? {}).map(({ steps }) => steps[0]?.with)
    for (const inputs of checkouts)
      expect(inputs).toMatchObject({
        ref: expect.stringContaining('github.event.workflow_run.head_sha'),
        'persist-credentials': false,
      })
  })

  test('is built where nothing can be published, and published where nothing is built', () => {
    expect(job('build').permissions).toEqual({ contents: 'read' })
    const mayPublish = Object.entries(workflow?.jobs ?? {}).filter(([, { permissions }]) => permissions?.['id-token'])
    expect(mayPublish.map(([name]) => name)).toEqual(['publish'])
    expect(job('publish').environment).toBe('release')
    expect(uses('publish').filter((step) => step.includes('npm '))).toEqual([])
    expect(readText('.ci/publish')).not.toMatch(/npm (ci|install|i|run|test|exec)\b|npx|pnpm/)
    expect(readText('.ci/publish')).toContain('--provenance --ignore-scripts')
  })

  test('gives the executable an attestation before anything is published', () => {
    const steps = uses('publish')
    const attest = steps.indexOf('actions/attest-build-provenance')
    expect(attest).toBeGreaterThan(steps.indexOf('actions/download-artifact'))
    expect(attest).toBeLessThan(steps.findIndex((step) => step.startsWith('bash .ci/publish')))
    const attested = job('publish').steps[attest]?.with?.['subject-path']
    expect(attested).toContain('packaging/dist/cachewarmer*')
    expect(attested).toContain('release/packages/*.tgz')
  })
})

describe('.ci/publish', () => {
  /** Commands that note how they were called, in place of those that reach the world. */
  function publish(prepare: (folders: { packages: string; executables: string }) => void, published = '') {
    const folder = mkdtempSync(join(tmpdir(), 'cw-publish-'))
    try {
      const [packages, executables, bin] = ['packages', 'executables', 'bin'].map((name) => {
        mkdirSync(join(folder, name))
        return join(folder, name)
      }) as [string, string, string]
      const play = (name: string, what: string): void => {
        writeFileSync(join(bin, name), `#!/bin/sh\necho "${name} $*" >>"${folder}/calls"\n${what}\n`, { mode: 0o755 })
      }
      play('npm', `[ "$1" != view ] || echo "${published}"`)
      play('gh', '[ "$2" != view ]')
      prepare({ packages, executables })
      const env = { PATH: `${bin}:${process.env['PATH'] ?? ''}` }
      const { status, stderr } = spawnSync('bash', ['.ci/publish', packages, executables], {
        cwd: root,
        env,
        encoding: 'utf8',
      })
      const calls = existsSync(join(folder, 'calls')) ? readFileSync(join(folder, 'calls'), 'utf8') : ''
      return { status, stderr, calls }
    } finally {
      rmSync(folder, { recursive: true })
    }
  }
  const release = ({ packages, executables }: { packages: string; executables: string }): void => {
    mkdirSync(join(packages, 'package'))
    writeFileSync(join(packages, 'package/package.json'), '{"name":"@cachewarmer/core","version":"0.1.0"}')
    spawnSync('tar', ['-czf', 'core.tgz', 'package'], { cwd: packages })
    writeFileSync(join(executables, 'VERSION'), '0.1.0\n')
    for (const name of ['cachewarmer', 'operations.tar.gz', 'sbom.cdx.json', 'THIRD-PARTY-LICENSES.txt'])
      writeFileSync(join(executables, name), name)
    const sum = createHash('sha256').update('cachewarmer').digest('hex')
    writeFileSync(join(executables, 'SHA256SUMS'), `${sum}  cachewarmer\n`)
  }

  test('publishes what was packed, with its provenance, and the executable', () => {
    const { status, calls } = publish(release)
    expect(status).toBe(0)
    expect(calls).toMatch(/npm publish \/.*core\.tgz --access public --provenance --ignore-scripts/)
    expect(calls).toMatch(/gh release create v0\.1\.0 .*\/cachewarmer /)
  })

  test('leaves alone what is published already', () => {
    expect(publish(release, '0.1.0').calls).not.toContain('npm publish')
  })

  test('publishes nothing of a release whose executable is not that of its list, or that has no package', () => {
    for (const spoil of [
      ({ executables }: { executables: string }) => writeFileSync(join(executables, 'cachewarmer'), 'other'),
      ({ packages }: { packages: string }) => rmSync(join(packages, 'core.tgz')),
    ]) {
      const { status, calls } = publish((folders) => {
        release(folders)
        spoil(folders)
      })
      expect(status).not.toBe(0)
      expect(calls).not.toMatch(/publish|create/)
    }
  })
})

test('the gate repeats skipped checks before the counts', () => {
  const said = spawnSync('bash', ['-c', "sed -n '/^COUNT_NOTE=/,$p' .ci/run"], { cwd: root, encoding: 'utf8' }).stdout
  const audited = 'NOT AUDITED: the registry does not answer (none)'
  const script = `audited='1 low\n${audited}'\n${said.replace('npm test', 'printf %s "$COUNT_NOTE"').replace('npm run --silent test:all', ':')}step() { :; }`
  const { stdout } = spawnSync('bash', ['-c', `step() { :; }\n${script}`], { encoding: 'utf8' })
  expect(stdout).toBe(audited)
  const log = vi.spyOn(console, 'log').mockImplementation(() => undefined)
  vi.stubEnv('COUNT_NOTE', audited)
  new CountReporter().onTestRunEnd([], [])
  const lines = log.mock.calls.map(([line]) => String(line))
  log.mockRestore()
  vi.unstubAllEnvs()
  expect(lines).toEqual([audited, '0 passed, 0 failed'])
})

test('the tests run on every Node that the packages are for', () => {
  const matrices = jobs.map(({ job }) => job.strategy?.matrix?.['node'])
  expect(matrices).toContainEqual([22, 24, 26])
})

test('everything that has versions is kept up to date', () => {
  interface Update {
    readonly 'package-ecosystem': string
    readonly directory?: string
    readonly directories?: readonly string[]
    readonly schedule: { readonly interval: string }
  }
  const { version, updates } = parse(readText('.github/dependabot.yml')) as { version: number; updates: Update[] }
  expect(version).toBe(2)
  expect(updates.map((update) => update['package-ecosystem']).sort()).toEqual(['github-actions', 'npm', 'terraform'])
  for (const { directory, directories = [directory ?? ''], schedule } of updates) {
    expect(['weekly', 'monthly']).toContain(schedule.interval)
    for (const each of directories) expect(existsSync(join(root, each.replace(/\*$/, '')))).toBe(true)
  }
})

describe('issue forms', () => {
  const forms = repositoryFiles('.github/ISSUE_TEMPLATE/*.yml').filter((path) => !path.endsWith('config.yml'))

  test.each(forms)('%s has what the forge asks for', (path) => {
    interface Field {
      readonly type: string
      readonly id?: string
      readonly attributes: { readonly label?: string; readonly value?: string; readonly options?: readonly unknown[] }
    }
    const form = parse(readText(path)) as { name: string; description: string; body: Field[] }
    expect(form.name).toMatch(/\S/)
    expect(form.description).toMatch(/\S/)
    const fields = form.body.filter(({ type }) => type !== 'markdown')
    expect(fields.length).toBeGreaterThan(0)
    expect(new Set(fields.map(({ id }) => id)).size).toBe(fields.length)
    for (const { type, id, attributes } of form.body) {
      expect(['markdown', 'textarea', 'input', 'dropdown', 'checkboxes']).toContain(type)
      if (type === 'markdown') expect(attributes.value).toMatch(/\S/)
      else expect(`${id} ${attributes.label}`).toMatch(/^[a-z-]+ \S/)
      if (type === 'dropdown') expect(new Set(attributes.options).size).toBe(attributes.options?.length)
    }
  })

  test('a security fault has a way of its own', () => {
    const config = parse(readText('.github/ISSUE_TEMPLATE/config.yml')) as { contact_links: { url: string }[] }
    expect(config.contact_links.map(({ url }) => url)).toContainEqual(
      expect.stringMatching(/security\/advisories\/new$/),
    )
  })
})
