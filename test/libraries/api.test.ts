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

/** Fields of options that a caller with `exactOptionalPropertyTypes` can't pass on when they are undefined. */
const strictFields = (report: string): string[] =>
  [...report.matchAll(/^export interface (\w*(?:Options|Ports)\b)[^{]*\{\n([\s\S]*?)^\}/gm)].flatMap(
    ([, name = '', body = '']) =>
      [...body.matchAll(/^ {4}(?:readonly )?(\w+)\?: ((?:.|\n(?! {4}\w))*)/gm)]
        .filter(([, , type = '']) => !type.includes('undefined'))
        .map(([, field = '']) => `${name}.${field}`),
  )

test.each(folders)('options of packages/$name may be undefined', ({ folder }) => {
  expect(strictFields(readFileSync(join(folder, 'api.md'), 'utf8'))).toEqual([])
})

test('an option that may not be undefined is found', () => {
  const report =
    'export interface AnOptions {\n    readonly a?: number | undefined;\n    readonly b?: number;\n    c?: {\n        d: 1;\n    };\n}\n'
  expect(strictFields(report)).toEqual(['AnOptions.b', 'AnOptions.c'])
})
