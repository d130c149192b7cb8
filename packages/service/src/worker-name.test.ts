import { expect, test } from 'vitest'
import { machineOfWorker, workerName } from './worker-name.ts'

test.each(['node', 'studio-7', 'cachewarmer-stu000001'])('a worker tells that it is on %s', (host) => {
  expect(machineOfWorker(workerName(host, 4_711))).toBe(host)
})

test('a name that was given stands for itself', () => {
  expect(machineOfWorker('the fast one')).toBe('the fast one')
})
