import { dirname } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { repositoryFiles } from '../support/repository.ts'
import { hasTerraform, Terraform } from './terraform.ts'

/* What Terraform itself says, where it is installed; configuration.test.ts looks at the same files without it. */

/** With them Terraform validates the modules: configuration.test.ts holds that each example or module is called by one. */
const examples = [...new Set(repositoryFiles('terraform/examples/*.tf').map(dirname))]

test('examples are found', () => {
  expect(examples.length).toBeGreaterThan(3)
})

// Not skipped but left out where it is not installed: it is in no Debian package, so that the gate could not bring it.
const versions = hasTerraform ? ['azurerm-4.55.0', 'azurerm-5.2.0'] : []

describe.each(versions)('with the names of %s', (azurerm) => {
  let terraform: Terraform
  beforeAll(() => {
    terraform = new Terraform({ 'hashicorp/azurerm': azurerm, 'hashicorp/avere': 'avere', 'azure/azapi': 'azapi' })
  })
  afterAll(() => terraform[Symbol.dispose]())

  test.each(examples)('terraform validate has nothing against %s', { timeout: 60_000 }, (folder) => {
    expect(terraform.problems(folder)).toEqual([])
  })
})

describe.each(hasTerraform ? ['terraform'] : [])('%s', (folder) => {
  let terraform: Terraform
  beforeAll(() => {
    terraform = new Terraform()
  })
  afterAll(() => terraform[Symbol.dispose]())

  test('fmt would change nothing', () => {
    expect(terraform.run(folder, 'fmt', '-check', '-diff', '-recursive')).toEqual({ code: 0, said: '' })
  })

  const given = {
    jumpbox_address: '10.0.2.4',
    bootstrap_mount_address: '10.0.5.4',
    bootstrap_export_path: '/data',
    bootstrap_worker_script_path: '/tools/bootstrap/bootstrap.cachewarmer-worker.sh',
    storage_account: 'studio',
    storage_account_rg: 'render',
    queue_name_prefix: 'farm',
  }
  const plan = (settings: Readonly<Record<string, string>>): { code: number | null; said: string } => {
    const module = `${folder}/modules/cachewarmer_worker_install`
    terraform.run(module, 'init', '-input=false')
    const values = Object.entries({ ...given, settings: JSON.stringify(settings) })
    return terraform.run(module, 'plan', '-input=false', '-no-color', ...values.map(([k, v]) => `-var=${k}=${v}`))
  }

  test('a setting that the scripts know is planned, and a secret among them stays out of what is shown', () => {
    const { code, said } = plan({ CACHEWARMER_NFS_UID: '1000', STORAGE_KEY: 'S3CRET' })
    expect({ code, said }).toMatchObject({ code: 0, said: expect.stringContaining('1 to add') })
    expect(said).toContain('CACHEWARMER_NFS_UID')
    expect(said).not.toMatch(/S3CRET|STORAGE_KEY/)
  })

  test('a setting that is none fails the plan', () => {
    const { code, said } = plan({ CACHEWARMER_NFS_UUID: '1000' })
    expect(code).toBe(1)
    expect(said).toContain('settings: expected names that README.md of the bootstrap folder lists')
  })
})
