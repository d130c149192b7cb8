import { expect, test } from 'vitest'
import * as surface from './index.ts'

test('exports these values and no others', () => {
  expect(Object.keys(surface).toSorted()).toEqual([
    'StatusStore',
    'azureOptions',
    'checkFleet',
    'isLedgerError',
    'ledgerFile',
    'legacyAzureFlags',
    'localFleet',
    'mayHoldSecret',
    'noFleet',
    'openAzureFleet',
    'openLedger',
    'openStatusServer',
    'releasedFiles',
    'resolveFleet',
    'runManager',
    'scaleSetOfLeader',
    'serveStatus',
    'signer',
    'speaksOfMachines',
    'statusOptions',
    'statusPlace',
    'steeringBy',
    'workerEnvironment',
    'writeBootstrap',
  ])
})
