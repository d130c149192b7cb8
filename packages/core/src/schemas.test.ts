import { readdirSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import { Compile } from 'typebox/schema'
import { describe, expect, test } from 'vitest'
import { arbJob, arbSpoilt } from '../test/arbitraries.ts'
import { isCoreError } from './errors.ts'
import { encodeJob, parseJob } from './job/codec.ts'
import { JobMessage } from './job/fields.ts'
import { schemaFiles } from './schemas.ts'

const folder = new URL('../schema/', import.meta.url)

test.each(schemaFiles())('schema/%s is what the build wrote: run `npm run build`', (name, text) => {
  expect(readFileSync(new URL(name, folder), 'utf8')).toBe(text)
})

test('there is no other schema', () => {
  expect(readdirSync(folder).sort()).toEqual(
    schemaFiles()
      .map(([name]) => name)
      .sort(),
  )
})

test('every object in a schema refuses unknown keys', () => {
  for (const [, text] of schemaFiles()) {
    JSON.parse(text, (_, value: unknown) => {
      const isObject = typeof value === 'object' && value !== null && 'type' in value && value.type === 'object'
      if (isObject) expect(value).toMatchObject({ additionalProperties: false })
      return value
    })
  }
})

describe('the schema of a job', () => {
  const schema = Compile(JobMessage)

  test('takes every job that is written', () => {
    fc.assert(
      fc.property(arbJob, (job) => {
        expect(schema.Check(JSON.parse(encodeJob(job)))).toBe(true)
      }),
    )
  })

  test('knows every key that is read: what it takes has no unknown key', () => {
    fc.assert(
      fc.property(
        arbJob.chain((job) => arbSpoilt(JSON.parse(encodeJob(job)))),
        (given) => {
          fc.pre(schema.Check(given))
          try {
            parseJob(given as Record<string, unknown>, { strict: true })
          } catch (error) {
            if (!isCoreError(error)) throw error
            expect(error.problems.map(({ expected }) => expected)).not.toContain('no such key')
          }
        },
      ),
      { numRuns: 500 },
    )
  })

  test('is not stricter than reading', () => {
    const given = {
      WarmTargetMountAddresses: ['a'],
      WarmTargetExportPath: '/',
      WarmTargetPath: '/',
      InclusionList: null,
    }
    expect([schema.Check(given), parseJob(given).warnings]).toEqual([true, []])
  })
})
