import { describe, expect, test } from 'vitest'
import { checkAdmin, checkPassword, checkSshKey, checkUserName } from './admin.ts'
import { testSshKey } from './testing/settings.ts'

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
