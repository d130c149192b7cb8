import { checkText, optionInvalid, secretInvalid } from './check.ts'

/** The account that Azure makes on each worker, for people who want to look. */
export interface Admin {
  readonly userName: string
  readonly sshPublicKey?: string
  readonly password?: string
}

/** `osProfile.adminUsername` of the compute API: names that Azure refuses on every system. */
const refusedNames = new Set(
  (
    'administrator admin user user1 test user2 test1 user3 admin1 1 123 a actuser adm admin2 aspnet backup console david ' +
    'guest john owner root server sql support support_388945a0 sys test2 test3 user4 user5'
  ).split(' '),
)

/** `osProfile.adminPassword` of the compute API. */
const refusedPasswords = new Set(
  'abc@123 P@$$w0rd P@ssw0rd P@ssword123 Pa$$word pass@word1 Password! Password1 Password22 iloveyou!'.split(' '),
)

export function checkUserName(option: string, name: string): string {
  // Azure takes 64 characters, but the useradd of the machine only 32.
  const expected = 'at most 32 letters, digits, dashes and underscores that begin with a letter'
  checkText(option, name, /^[A-Za-z_][A-Za-z0-9_-]{0,31}$/, expected)
  if (refusedNames.has(name.toLowerCase())) throw optionInvalid(option, name, 'a name that Azure does not reserve')
  return name
}

/** 6 to 72 characters on Linux, three of four kinds of characters, none of the well-known ones. */
export function checkPassword(option: string, password: string): string {
  const kinds = [/[a-z]/, /[A-Z]/, /[0-9]/, /[\W_]/].filter((kind) => kind.test(password)).length
  if (password.length >= 6 && password.length <= 72 && kinds >= 3 && !refusedPasswords.has(password)) return password
  throw secretInvalid(
    option,
    '6 to 72 characters with three of lower case, upper case, digit and special character, and none of the well-known ones',
  )
}

const sshKey = /^(?:ssh-rsa|ssh-ed25519|ecdsa-sha2-nistp(?:256|384|521)) [A-Za-z0-9+/]{40,}={0,3}(?: [\x20-\x7e]*)?$/

export function checkSshKey(option: string, key: string): string {
  const trimmed = key.trim()
  if (/PRIVATE KEY/.test(trimmed)) throw secretInvalid(option, 'the public key, and this is a private one')
  return checkText(option, trimmed, sshKey, 'one line of an OpenSSH public key file')
}

/** One of key and password is needed; a key wins, and then nobody can sign in with a password. */
export function checkAdmin(given: { userName?: string; sshPublicKey?: string; password?: string }): Admin {
  const userName = checkUserName('adminUserName', given.userName ?? 'azureuser')
  if (given.sshPublicKey) return { userName, sshPublicKey: checkSshKey('sshPublicKey', given.sshPublicKey) }
  if (given.password) return { userName, password: checkPassword('adminPassword', given.password) }
  throw optionInvalid(
    'sshPublicKey',
    given.sshPublicKey,
    'given, or adminPassword instead: Azure makes no machine without',
  )
}
