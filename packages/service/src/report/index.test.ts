import { expect, test } from 'vitest'
import * as report from './index.ts'

test('exports these names, and no others', () => {
  expect(Object.keys(report).sort()).toEqual([
    'addressFacts',
    'bytes',
    'count',
    'doubtsByReason',
    'duration',
    'elapsedMs',
    'failuresByCode',
    'fileUnderWay',
    'headline',
    'leftOut',
    'limitFigures',
    'limitKinds',
    'namedHost',
    'plural',
    'printable',
    'rates',
    'readThrough',
    'renderReport',
    'reportJson',
    'resolvedHosts',
    'shareDone',
    'spelledDuration',
    'table',
    'timeLeftMs',
    'totalFailures',
    'waitingFor',
  ])
})
