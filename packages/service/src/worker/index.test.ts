import { expect, test } from 'vitest'
import * as surface from './index.ts'

test('exports these values and no others', () => {
  expect(Object.keys(surface).toSorted()).toEqual(['Machine', 'folderAccess', 'openAccess', 'runWorker', 'workerName'])
})
