import { readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { expect, test } from 'vitest'
import { apiReport, packageFolders } from '../../scripts/api-report.ts'

const folders = packageFolders().map((folder) => ({ folder, name: basename(folder) }))

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
  const report = readFileSync(join(folder, 'api.md'), 'utf8')
  for (const entry of Object.values(json.exports)) {
    if (typeof entry === 'string' || entry.default === undefined) continue
    const names = Object.keys((await import(join(folder, entry.default))) as object)
    for (const name of names) expect(report).toMatch(new RegExp(`\\b${name}\\b`))
  }
})
