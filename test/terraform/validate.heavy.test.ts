import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readText, repositoryFiles, root } from '../support/repository.ts'
import { hasTerraform, terraform } from './terraform.ts'

/* What Terraform itself says, where it is installed; configuration.test.ts looks at the same files without it. */

const folders = [...new Set(repositoryFiles('terraform/*.tf').map(dirname))]
/** Only these can be validated without the registry: init brings what a configuration requires. */
const withoutProvider = folders.filter((folder) => {
  const text = repositoryFiles(`${folder}/*.tf`).map(readText).join('\n')
  return !text.includes('required_providers')
})

test('modules and examples are found, and modules that need no provider', () => {
  expect(folders.length).toBeGreaterThan(10)
  expect(withoutProvider.length).toBeGreaterThan(4)
})

let copy: string
beforeAll(() => {
  copy = mkdtempSync(join(tmpdir(), 'cachewarmer-terraform-'))
  cpSync(join(root, 'terraform'), join(copy, 'terraform'), { recursive: true })
})
afterAll(() => rmSync(copy, { recursive: true, force: true }))

// Not skipped but left out where it is not installed: it is in no Debian package, so that the gate could not bring it.
test.each(hasTerraform ? ['terraform'] : [])('terraform fmt would change nothing below %s', (folder) => {
  const { code, said } = terraform(join(copy, folder), 'fmt', '-check', '-diff', '-recursive')
  expect({ code, said }).toEqual({ code: 0, said: '' })
})

test.each(hasTerraform ? withoutProvider : [])('terraform validate has nothing against %s', (folder) => {
  const init = terraform(join(copy, folder), 'init', '-backend=false', '-input=false', '-no-color')
  expect(init).toMatchObject({ code: 0 })
  const { code, said } = terraform(join(copy, folder), 'validate', '-no-color')
  expect({ code, said }).toMatchObject({ code: 0, said: expect.stringContaining('The configuration is valid') })
})
