import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { readText, repositoryFiles, root, rootScripts } from '../repository.ts'

interface Step {
  readonly uses?: string
  readonly run?: string
  readonly with?: Readonly<Record<string, unknown>>
}
interface Job {
  readonly 'timeout-minutes'?: number
  readonly permissions?: Readonly<Record<string, string>>
  readonly strategy?: { readonly matrix?: Readonly<Record<string, readonly unknown[]>> }
  readonly steps: readonly Step[]
}
interface Workflow {
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

/** What a command calls that is not the project's own; `undefined` where it is. */
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
    expect(scripts.flatMap((script) => commands(String(script))).filter((command) => foreign(command))).toEqual([])
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
