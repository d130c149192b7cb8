import { expect, test } from 'vitest'
import * as cli from './index.ts'

test('exports these names, and no others', () => {
  expect(Object.keys(cli).sort()).toEqual([
    'UnavailableError',
    'UsageError',
    'exitCode',
    'explain',
    'isUsageError',
    'legacyQueueFlags',
    'onShutdown',
    'openLogger',
    'openQueues',
    'queueOptions',
    'readSecretFile',
    'runMain',
    'steadyClock',
    'systemClock',
    'systemRandom',
    'translateLegacyFlags',
  ])
})
