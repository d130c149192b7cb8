import { describe, expect, test } from 'vitest'
import { aScaleSet, testSshKey, testSubnetId } from '../testing/settings.ts'
import { ubuntuImage } from './image.ts'
import {
  checkAdmin,
  checkPassword,
  checkSshKey,
  checkUserName,
  hasAcceleratedNetworking,
  isMachineSize,
  resolveScaleSet,
  type ScaleSetOptions,
} from './settings.ts'

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

describe('the administrator', () => {
  test.each(['azureuser', 'Render_1', '_svc', 'x'.repeat(32)])('may be called %s', (name) => {
    expect(checkUserName('adminUserName', name)).toBe(name)
  })

  test.each(['root', 'Admin', 'user1', 'support_388945a0', 'test'])('may not have the reserved name %s', (name) => {
    expect(() => checkUserName('adminUserName', name)).toThrow(`Azure does not reserve, got "${name}"`)
  })

  test.each(['', '1abc', '-x', 'a b', 'ü', 'x'.repeat(33)])('may not be called %j', (name) => {
    expect(() => checkUserName('adminUserName', name)).toThrow('at most 32 letters')
  })

  test('may have a password of three kinds of characters', () => {
    expect(checkPassword('adminPassword', 'Correct-Horse')).toBe('Correct-Horse')
  })

  test.each(['short', 'alllowercase1', 'Password!', 'P@ssw0rd', `Aa1${'x'.repeat(70)}`])(
    'a weak password is refused and never shown (%#)',
    (password) => {
      const refused = expect.objectContaining({
        code: 'OPTION_INVALID',
        message: expect.not.stringContaining(password),
      })
      expect(() => checkPassword('adminPassword', password)).toThrow(refused)
    },
  )

  test('may have a key with or without a comment and a line end', () => {
    expect(checkSshKey('sshPublicKey', `${testSshKey}\n`)).toBe(testSshKey)
    const bare = testSshKey.replace(/ test$/, '')
    expect(checkSshKey('sshPublicKey', bare)).toBe(bare)
  })

  test('a private key is refused and never shown', () => {
    const key = '-----BEGIN OPENSSH PRIVATE KEY-----\nc2VjcmV0\n'
    const refused = expect.objectContaining({ message: expect.not.stringContaining('c2VjcmV0') })
    expect(() => checkSshKey('sshPublicKey', key)).toThrow(refused)
  })

  test.each(['', 'ssh-rsa', 'ssh-dss AAAA', `${testSshKey}\n${testSshKey}`])('%j is no key', (key) => {
    expect(() => checkSshKey('sshPublicKey', key)).toThrow('one line of an OpenSSH public key file')
  })

  test('needs a key or a password', () => {
    expect(() => checkAdmin({})).toThrow('given, or adminPassword instead')
    expect(checkAdmin({ password: 'Correct-Horse' })).toEqual({ userName: 'azureuser', password: 'Correct-Horse' })
  })
})

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
