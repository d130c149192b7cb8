import { expect, test } from 'vitest'
import * as nfs from './index.ts'
import * as testing from './testing/index.ts'

test('exports change only on purpose', () => {
  expect(Object.keys(nfs).sort()).toEqual([
    'NfsError',
    'NfsFiles',
    'accessBits',
    'decodeName',
    'encodeName',
    'firstReadBytes',
    'handleFromHex',
    'handleToHex',
    'isNfsError',
    'longReadBytes',
    'mountExport',
    'parseNfsUrl',
    'readRange',
    'readStanding',
    'systemClock',
  ])
  expect(Object.keys(testing).sort()).toEqual([
    'NfsExport',
    'directory',
    'everyNth',
    'file',
    'firstOf',
    'generated',
    'link',
    'oddFile',
    'onCalls',
    'patternByte',
    'special',
    'startNfsServer',
    'up',
  ])
})
