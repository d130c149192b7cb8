import { expect, test } from 'vitest'
import * as cli from './index.ts'

test('exports these names, and no others', () => {
  expect(Object.keys(cli).sort()).toEqual([
    'UnavailableError',
    'UsageError',
    'accessArguments',
    'accessOptions',
    'addOptions',
    'ceilingOrNone',
    'decodeText',
    'defaultFolderTemplate',
    'endCode',
    'exitCode',
    'explain',
    'isFileQueue',
    'isUsageError',
    'legacyQueueFlags',
    'onShutdown',
    'openLogger',
    'openQueues',
    'openResolver',
    'queueOptions',
    'queueVariables',
    'readOptions',
    'readSecretFile',
    'refuseForeignText',
    'runMain',
    'steadyClock',
    'systemAddresses',
    'systemClock',
    'systemFiles',
    'systemRandom',
    'translateLegacyFlags',
    'wholeFrom',
    'withJobOptions',
  ])
})
