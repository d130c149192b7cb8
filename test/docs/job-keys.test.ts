import { readFileSync } from 'node:fs'
import { jobOptions } from '@cachewarmer/core'
import { expect, test } from 'vitest'
import { schemaFiles } from '../../packages/core/src/schemas.ts'

const page = new URL('../../docs/operators/jobs.md', import.meta.url)
const schema = JSON.parse(new Map(schemaFiles()).get('job.json') ?? '') as {
  readonly properties: Readonly<Record<string, { readonly description?: string }>>
}
const rows = Object.entries(schema.properties).map(([key, { description = '' }]) => {
  const flags = jobOptions.find(({ keys }) => keys.includes(key))?.flags
  return `| \`${key}\` | ${flags === undefined ? '' : `\`${flags}\``} | ${description.replaceAll(/[|*<]/g, '\\$&')} |`
})

test('the document lists every key of a job with its option and its meaning, as the field table has them', () => {
  const table = ['| key | option | meaning |', '|---|---|---|', ...rows].join('\n')
  expect(readFileSync(page, 'utf8')).toContain(table)
})
