import { readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { apiReport, packageFolders } from '../../scripts/api-report.ts'

const folders = packageFolders().map((folder) => ({ folder, name: basename(folder) }))

const serviceReport = readFileSync(join(dirname(folders[0]?.folder ?? ''), 'service', 'api.md'), 'utf8')

test.each(folders)(
  'packages/$name/api.md says what the package exports; else: npm run api, and review it',
  ({ folder }) => {
    expect(readFileSync(join(folder, 'api.md'), 'utf8')).toBe(apiReport(folder))
  },
)

test.each(folders)('packages/$name/api.md names everything that can be imported', async ({ folder }) => {
  const json = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
    exports: Record<string, { default?: string } | string>
  }
  const own = readFileSync(join(folder, 'api.md'), 'utf8')
  // A program hands on its room of the service, whose report has the names.
  const report = own.includes("export * from '@cachewarmer/service/") ? own + serviceReport : own
  for (const entry of Object.values(json.exports)) {
    if (typeof entry === 'string' || entry.default === undefined) continue
    const names = Object.keys((await import(join(folder, entry.default))) as object)
    for (const name of names) expect(report).toMatch(new RegExp(`\\b${name}\\b`))
  }
})
