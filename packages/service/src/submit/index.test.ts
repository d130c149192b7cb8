import { expect, test } from 'vitest'
import * as submit from './index.ts'

test('exports these names, and no others', () => {
  expect(Object.keys(submit).sort()).toEqual([
    'SubmitError',
    'cancelJob',
    'changeJob',
    'findCandidates',
    'findRun',
    'findRuns',
    'goesBy',
    'isSubmitError',
    'jsonBoard',
    'listFailures',
    'listOf',
    'listRuns',
    'liveBoard',
    'lookAtJobs',
    'parseManifest',
    'pauseJob',
    'plainBoard',
    'printable',
    'progressView',
    'readJob',
    'readPaths',
    'renderReport',
    'reportJson',
    'resumeJob',
    'retryRun',
    'submitJob',
    'submitWithList',
    'unknownTarget',
    'watchJob',
  ])
})

test('errors are known by their name, so that two copies of the package agree', () => {
  const foreign = Object.assign(new Error('x'), { name: 'SubmitError' })
  expect(submit.isSubmitError(new submit.SubmitError('JOB_GONE', 'm1', 'gone'))).toBe(true)
  expect(submit.isSubmitError(foreign)).toBe(true)
  expect(submit.isSubmitError(new Error('SubmitError'))).toBe(false)
  expect(submit.isSubmitError('SubmitError')).toBe(false)
})
