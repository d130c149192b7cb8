import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config'
import { CountReporter } from './scripts/count-reporter.ts'
import { type Tier, tierGlobs, tierVariable } from './scripts/tiers.ts'

const root = import.meta.dirname
const tier = process.env[tierVariable] as Tier | undefined

/** The tests of one folder that has a package.json; none of its own where the tier has none of its files. */
function project(folder: string, more: TestProjectInlineConfiguration['test'] = {}): TestProjectInlineConfiguration {
  const { name } = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')) as { name: string }
  // The long timeouts are for a machine that is busy with other work.
  const timeouts = { testTimeout: 60_000, hookTimeout: 60_000 }
  return { test: { name, root: join(root, folder), ...tierGlobs(tier), ...timeouts, ...more } }
}

// Test files of a package share a process, because they change nothing global.
const packages = readdirSync(join(root, 'packages')).map((name) =>
  project(`packages/${name}`, { isolate: false, dir: join(root, 'packages', name, 'src') }),
)

export default defineConfig({
  test: {
    projects: [
      ...packages,
      project('test'),
      // Its tests run what is released, which takes minutes to build: none of them is light.
      ...(tier === 'light' ? [] : [project('packaging', { globalSetup: ['test/build-release.ts'] })]),
    ],
    reporters: ['default', new CountReporter()],
  },
})
