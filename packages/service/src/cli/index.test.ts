import { expect, test } from 'vitest'
import * as cli from './index.ts'

test('exports these names, and no others', () => {
  expect(Object.keys(cli).sort()).toEqual([
    'AddressError',
    'UnavailableError',
    'UsageError',
    'accessArguments',
    'accessOptions',
    'allowAddressOption',
    'ceilingOrNone',
    'decodeText',
    'defaultFolderTemplate',
    'endCode',
    'exitCode',
    'explain',
    'isFileQueue',
    'isUsageError',
    'jobOptions',
    'legacyQueueFlags',
    'onShutdown',
    'openLogger',
    'openQueues',
    'openResolver',
    'queueOptions',
    'queueVariables',
    'readSecretFile',
    'refuseForeignText',
    'runMain',
    'steadyClock',
    'systemClock',
    'systemFiles',
    'systemRandom',
    'translateLegacyFlags',
    'whole',
  ])
})
