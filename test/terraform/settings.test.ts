import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { readText } from '../support/repository.ts'
import { modules, settingNames } from './hcl.ts'

/** The variables that a program's help names. */
function environmentOf(pack: string, ...args: readonly string[]): string[] {
  const bin = fileURLToPath(new URL('dist/bin.js', import.meta.resolve(`@cachewarmer/${pack}/package.json`)))
  const { stdout } = spawnSync(process.execPath, [bin, ...args, '--help'], { encoding: 'utf8' })
  return [...new Set([...stdout.matchAll(/env:\s+(\w+)/g)].map(([, name = '']) => name))]
}

/** What the install modules have variables for. */
const ofVariables = [
  'AZURE_CLIENT_ID',
  'BOOTSTRAP_EXPORT_PATH',
  'BOOTSTRAP_MOUNT_ADDRESS',
  'BOOTSTRAP_SCRIPT',
  'CACHEWARMER_STORAGE_SUFFIX',
  'CACHEWARMER_WORKER_IDENTITY',
  'QUEUE_PREFIX',
  'STORAGE_ACCOUNT',
  'VMSS_PASSWORD',
  'VMSS_SSHPUBLICKEY',
  'VMSS_SUBNET',
  'VMSS_USERNAME',
  'VMSS_WORKER_COUNT',
]
/** Files of a person: the install scripts refuse them, because a service's user reads no file of root. */
const ofPeople = ['CACHEWARMER_STATUS_TOKEN_FILE', 'CACHEWARMER_STORAGE_KEY_FILE', 'VMSS_PASSWORD_FILE']
/** What cloud-init tells a machine of the scale set about itself. */
const ofMachines = ['CACHEWARMER_AZURE_MACHINE']
/** What is read without an option: credentials, by the queues and by Azure's library, and what the install scripts act on. */
const withoutOption = [
  'AZURE_AUTHORITY_HOST',
  'AZURE_CLIENT_SECRET',
  'AZURE_CLOUD',
  'AZURE_STORAGE_CONNECTION_STRING',
  'AZURE_STORAGE_KEY',
  'AZURE_TENANT_ID',
  'AZURE_TOKEN_CREDENTIALS',
  'CACHEWARMER_CONNECTION_STRING',
  'CACHEWARMER_MANAGER_OPTIONS',
  'CACHEWARMER_RELEASE_SIGNER',
  'CACHEWARMER_RESERVED_PORTS',
  'CACHEWARMER_STATUS_TOKEN',
  'CACHEWARMER_STORAGE_SAS',
  'CACHEWARMER_WORKER_OPTIONS',
  'NODE_EXTRA_CA_CERTS',
  'STORAGE_KEY',
]

describe.each([
  ['manager', ['serve']],
  ['worker', []],
] as const)('the settings of cachewarmer_%s_install', (role, args) => {
  const module = modules.find(({ folder }) => folder === `terraform/modules/cachewarmer_${role}_install`)
  if (module === undefined) throw new Error(`there is no cachewarmer_${role}_install`)
  const names = settingNames(module)

  test('are in the order of the alphabet, each once', () => {
    expect(names).toEqual([...new Set(names)].sort())
  })

  test('hold each variable of the program that has no variable of the module', () => {
    const known = environmentOf(role, ...args)
    expect(known.length).toBeGreaterThan(15)
    expect(known.filter((name) => ![...names, ...ofVariables, ...ofPeople, ...ofMachines].includes(name))).toEqual([])
    expect(names.filter((name) => !known.includes(name) && !withoutOption.includes(name))).toEqual([])
  })

  test('are settings of the install scripts', () => {
    const patterns = /^ {4}(CACHEWARMER_\*.*|VMSS_\*.*|BOOTSTRAP_SCRIPT .*|NODE_.*)\)/gm
    const script = readText('packages/service/bootstrap/install.bash')
    const allowed = [...script.matchAll(patterns)].flatMap(([, words = '']) => words.split(' | '))
    const accepts = (name: string): boolean =>
      allowed.some((pattern) => new RegExp(`^${pattern.replace('*', '.*')}$`).test(name))
    expect(allowed.length).toBeGreaterThan(5)
    expect(names.filter((name) => !accepts(name))).toEqual([])
  })
})
