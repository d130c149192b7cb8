import { expect, test } from 'vitest'
import { hasAcceleratedNetworking, isMachineSize } from './machine-size.ts'

test.each([
  'Standard_D4s_v3',
  'Standard_D2s_v5',
  'Standard_D2as_v6',
  'Standard_DS2_v2',
  'Standard_E4-2s_v5',
  'Standard_B2s_v2',
  'Standard_NC8as_T4_v3',
  'Standard_F4s_v2',
])('%s has accelerated networking', (size) => expect(hasAcceleratedNetworking(size)).toBe(true))

test.each([
  'Standard_D2s_v3',
  'Standard_E2s_v4',
  'Standard_A2_v2',
  'Standard_B2ms',
  'Standard_D1_v2',
  'Standard_F2s_v2',
  'Basic_A1',
  'unknown',
])('%s has none, or may have none', (size) => expect(hasAcceleratedNetworking(size)).toBe(false))

test.each(['Standard_D2s_v3', 'Standard_E4-2s_v5', 'Standard_NC4as_T4_v3'])('%s is the name of a size', (size) =>
  expect(isMachineSize(size)).toBe(true),
)

test.each(['', 'D2s', 'Basic_A1', 'Standard_', 'Standard D2s', 'Standard_D2s_v3;'])('%j is none', (size) =>
  expect(isMachineSize(size)).toBe(false),
)
