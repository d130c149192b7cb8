import { expect, test } from 'vitest'
import * as report from './index.ts'

test('exports these names, and no others', () => {
  expect(Object.keys(report).sort()).toEqual([
    'addressFacts',
    'bytes',
    'count',
    'duration',
    'elapsedMs',
    'failuresByCode',
    'fileUnderWay',
    'headline',
    'leftOut',
    'limitFigures',
    'limitKinds',
    'plural',
    'printable',
    'rates',
    'readThrough',
    'renderReport',
    'reportJson',
    'shareDone',
    'spelledDuration',
    'table',
    'timeLeftMs',
    'totalFailures',
    'waitingFor',
  ])
})
