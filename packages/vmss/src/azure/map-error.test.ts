import { describe, expect, test } from 'vitest'
import type { VmssErrorCode } from '../errors.ts'
import { mapError } from './map-error.ts'

const context = { target: 'set', subscriptionId: 'sub' }
const late = (code: string, message = 'so it is') =>
  new Error(`The long-running operation has failed. ${code}. ${message}`)
const rest = (statusCode: number | undefined, code: string, message = 'so it is') =>
  Object.assign(new Error(message), { name: 'RestError', statusCode, code })

describe('mapError', () => {
  const lateCodes: [string, VmssErrorCode][] = [
    ['AllocationFailed', 'NO_CAPACITY'],
    ['ZonalAllocationFailed', 'NO_CAPACITY'],
    ['OverconstrainedAllocationRequest', 'NO_CAPACITY'],
    ['OverconstrainedZonalAllocationRequest', 'NO_CAPACITY'],
    ['SkuNotAvailable', 'NO_CAPACITY'],
    ['QuotaExceeded', 'QUOTA'],
    ['OperationPreempted', 'CONFLICT'],
    ['InternalExecutionError', 'UNAVAILABLE'],
    ['OSProvisioningTimedOut', 'FAILED'],
  ]
  test.each(lateCodes)('an operation that fails late with %s is %s', (azureCode, code) => {
    const error = late(azureCode, 'first line\nsecond line')
    expect(mapError(error, context)).toMatchObject({
      code,
      azureCode,
      message: `set: ${azureCode}: first line\nsecond line`,
      cause: error,
    })
  })

  const answers: [number, string, VmssErrorCode][] = [
    [400, 'InvalidParameter', 'OPTION_INVALID'],
    [400, 'SkuNotAvailable', 'NO_CAPACITY'],
    [401, 'InvalidAuthenticationToken', 'FORBIDDEN'],
    [403, 'RequestDisallowedByPolicy', 'FORBIDDEN'],
    [404, 'ResourceNotFound', 'NOT_FOUND'],
    [408, 'Timeout', 'UNAVAILABLE'],
    [409, 'AllocationFailed', 'NO_CAPACITY'],
    [409, 'Whatever', 'CONFLICT'],
    [409, 'OperationNotAllowed', 'CONFLICT'],
    [412, 'PreconditionFailed', 'CONFLICT'],
    [418, 'Teapot', 'FAILED'],
    [429, 'OperationNotThrottledByName', 'THROTTLED'],
    [502, 'BadGateway', 'UNAVAILABLE'],
  ]
  test.each(answers)('an answer of %i %s is %s', (status, azureCode, code) => {
    expect(mapError(rest(status, azureCode), context)).toMatchObject({ code, azureCode })
  })

  test('the quota that is met most often has no code of its own', () => {
    const message = 'Operation results in exceeding approved Total Regional Cores quota.'
    expect(mapError(rest(409, 'OperationNotAllowed', message), context).code).toBe('QUOTA')
    expect(mapError(late('OperationNotAllowed', message), context).code).toBe('QUOTA')
  })

  test('the deepest code and message of an answer win over those of the transport', () => {
    const error = Object.assign(rest(400, 'ERR'), {
      details: { error: { code: 'SkuNotAvailable', message: 'not here' } },
    })
    expect(mapError(error, context)).toMatchObject({ code: 'NO_CAPACITY', message: 'set: SkuNotAvailable: not here' })
  })

  test('an operation that was canceled was overtaken', () => {
    expect(mapError(new Error('Operation was canceled'), context).code).toBe('CONFLICT')
  })

  test.each([rest(undefined, 'ENOTFOUND'), rest(undefined, 'REQUEST_SEND_ERROR')])(
    'no answer at all is UNAVAILABLE (%#)',
    (error) => {
      expect(mapError(error, context).code).toBe('UNAVAILABLE')
    },
  )

  test.each(['AuthenticationError', 'AggregateAuthenticationError', 'CredentialUnavailableError'])(
    '%s is FORBIDDEN',
    (name) => {
      const error = Object.assign(new Error('no luck'), { name })
      expect(mapError(error, context)).toMatchObject({
        code: 'FORBIDDEN',
        message: 'set: no credential to call Azure with: no luck',
      })
    },
  )

  test.each([
    ['Microsoft.Compute/virtualMachineScaleSets/delete', 'Virtual Machine Contributor'],
    ['Microsoft.Compute/virtualMachineScaleSets/read', 'Reader'],
    ['Microsoft.Network/virtualNetworks/subnets/join/action', 'Network Contributor'],
    ['Microsoft.ManagedIdentity/userAssignedIdentities/assign/action', 'Managed Identity Operator'],
    ['Microsoft.Odd/things/write', 'a role that allows it'],
  ])('the missing right to %s names %s', (action, role) => {
    const message = `The client 'x' does not have authorization to perform action '${action}' over scope '/sub/x' or the scope is invalid.`
    expect(mapError(rest(403, 'AuthorizationFailed', message), context).message).toBe(
      `set: not allowed to do ${action} on /sub/x; assign ${role} there to this identity`,
    )
  })

  test('a no without action and scope is shown as it is', () => {
    const error = rest(403, 'RequestDisallowedByPolicy', 'policy says no')
    expect(mapError(error, context).message).toBe('set: RequestDisallowedByPolicy: policy says no')
  })

  test('terms of an image without a named plan still say what to run', () => {
    const { code, message } = mapError(rest(400, 'MarketplacePurchaseEligibilityFailed'), context)
    expect(code).toBe('TERMS_NOT_ACCEPTED')
    expect(message).toContain(
      'az vm image terms accept --publisher <publisher> --offer <offer> --plan <plan> --subscription sub',
    )
  })

  test.each([new Error('odd'), 'odd'])('an unknown error is FAILED (%#)', (error) => {
    expect(mapError(error, context)).toMatchObject({ code: 'FAILED', message: 'set: odd' })
  })
})
