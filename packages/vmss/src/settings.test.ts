import { describe, expect, test } from 'vitest'
import { ubuntuImage } from './image.ts'
import { resolveScaleSet, type ScaleSetOptions } from './settings.ts'
import { aScaleSet, testSshKey, testSubnetId } from './testing/settings.ts'

const resolve = (given: Partial<ScaleSetOptions> = {}) => resolveScaleSet(aScaleSet(given))

describe('resolveScaleSet', () => {
  test('fills in what the users of the original know', () => {
    expect(resolve()).toEqual({
      name: 'cachewarmer-test',
      owner: 'test',
      location: 'westeurope',
      subnetId: testSubnetId,
      count: 12,
      candidates: [{ size: 'Standard_D2s_v3', priority: 'spot' }],
      maxPrice: -1,
      maxMachineMs: Number.POSITIVE_INFINITY,
      image: ubuntuImage,
      admin: { userName: 'azureuser', sshPublicKey: testSshKey },
      acceleratedNetworking: undefined,
      ephemeralOsDisk: false,
      osDiskGib: undefined,
      singlePlacementGroup: false,
      identityId: undefined,
      terminateNoticeMs: 300_000,
      tags: {},
      zones: [],
      cloudInit: '#cloud-config\nruncmd: []\n',
    })
  })

  test('tries the size, then the other sizes, and regular machines last', () => {
    const { candidates } = resolve({
      size: 'Standard_D4s_v5',
      fallbackSizes: ['Standard_D4as_v5', 'Standard_D4s_v5'],
      allowRegular: true,
    })
    expect(candidates.map(({ size, priority }) => `${priority} ${size}`)).toEqual([
      'spot Standard_D4s_v5',
      'spot Standard_D4as_v5',
      'regular Standard_D4s_v5',
      'regular Standard_D4as_v5',
    ])
  })

  test('makes regular machines alone when told to', () => {
    expect(resolve({ priority: 'regular', allowRegular: true }).candidates).toEqual([
      { size: 'Standard_D2s_v3', priority: 'regular' },
    ])
  })

  test('derives a name that Azure takes from any prefix, another for each', () => {
    const names = ['a', 'farm-', `${'x'.repeat(60)}a`, `${'x'.repeat(60)}b`].map((prefix) => resolve({ prefix }).name)
    expect(names[0]).toBe('cachewarmer-a')
    expect(names[1]).toBe('cachewarmer-farm')
    expect(new Set(names).size).toBe(4)
    for (const name of names) expect(name).toMatch(/^[a-z][a-z0-9-]{0,62}[a-z0-9]$/)
  })

  test('a key wins over a password', () => {
    expect(resolve({ adminPassword: 'Correct-Horse-1' }).admin).toEqual({
      userName: 'azureuser',
      sshPublicKey: testSshKey,
    })
  })

  test('rounds a price to the five decimals that Azure keeps', () => {
    expect(resolve({ maxPrice: 0.0123456 }).maxPrice).toBe(0.01235)
  })

  test('counts machine hours in milliseconds', () => {
    expect(resolve({ maxMachineHours: 1.5 }).maxMachineMs).toBe(5_400_000)
  })

  test('settings cannot be changed', () => {
    expect(Object.isFrozen(resolve())).toBe(true)
  })

  const refused: [string, Partial<ScaleSetOptions>, RegExp][] = [
    ['prefix', { prefix: 'Not_A_Prefix' }, /"Not_A_Prefix"/],
    ['owner', { owner: 'with space' }, /printable/],
    ['name', { name: '-x' }, /1 to 64 letters/],
    ['name', { name: 'x'.repeat(65) }, /65 characters|1 to 64/],
    ['location', { location: '' }, /region of Azure/],
    ['subnetId', { subnetId: 'workers' }, /resource id of a subnet, got "workers"/],
    ['subnetId', { subnetId: testSubnetId.replace('/subnets/workers', '') }, /resource id of a subnet/],
    ['count', { count: 0 }, /between 1 and 1000, got 0/],
    ['count', { count: 2.5 }, /got 2.5/],
    ['count', { count: 101, singlePlacementGroup: true }, /at most 100 in a single placement group/],
    ['size', { size: 'D2s v3' }, /Standard_D2s_v3/],
    ['size', { fallbackSizes: [''] }, /machine size/],
    ['priority', { priority: 'low' as 'spot' }, /'spot' or 'regular'/],
    ['maxPrice', { maxPrice: 0 }, /above 0, got 0/],
    ['maxPrice', { maxPrice: Number.NaN }, /got NaN/],
    ['maxPrice', { maxPrice: 0.1, allowRegular: true }, /no price limit/],
    ['pricePerHour', { pricePerHour: 0 }, /above 0, got 0/],
    ['zones', { zones: ['west'] }, /numbers of zones, got "west"/],
    ['maxMachineHours', { maxMachineHours: -1 }, /more than 0/],
    ['osDiskGib', { osDiskGib: 0 }, /between 1 and 4095/],
    ['identityId', { identityId: testSubnetId }, /user-assigned identity/],
    ['terminateNoticeMs', { terminateNoticeMs: 1_000 }, /between 300000 and 900000/],
    ['tags', { tags: { 'a/b': 'x' } }, /tag name/],
    ['tags', { tags: { 'CacheWarmer-Owner': 'me' } }, /another name/],
    ['tags.a', { tags: { a: 'x'.repeat(257) } }, /256 characters/],
    ['tags', { tags: Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`t${i}`, ''])) }, /at most 49, got 50/],
    ['cloudInit', { cloudInit: 'echo hello' }, /#cloud-config/],
    ['cloudInit', { cloudInit: `#cloud-config\n${'#'.repeat(70_000)}` }, /70014 bytes/],
  ]
  test.each(refused)('refuses a bad %s and says what was expected', (target, given, message) => {
    expect(() => resolve(given)).toThrow(
      expect.objectContaining({
        name: 'VmssError',
        code: 'OPTION_INVALID',
        target,
        message: expect.stringMatching(message),
      }),
    )
  })
})
