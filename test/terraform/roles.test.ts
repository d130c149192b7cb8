import { describe, expect, test } from 'vitest'
import { readText } from '../support/repository.ts'
import { modules } from './hcl.ts'

/* docs/azure-roles.md states the rights; the module and the README of the package say the same. */

interface Role {
  readonly Name: string
  readonly Actions: readonly string[]
}

const page = readText('docs/azure-roles.md')
const stated = [...page.matchAll(/```json\n([\s\S]*?)```/g)].map(([, json = '']) => JSON.parse(json) as Role)
const actionsOf = (name: string): readonly string[] => {
  const role = stated.find(({ Name }) => Name === name)
  if (role === undefined) throw new Error(`docs/azure-roles.md has no role ${name}`)
  return role.Actions
}
/** What the table adds, by where it is: each on one resource, or to find the subnet of the controller. */
const onOneResource = [
  'Microsoft.Network/virtualNetworks/subnets/join/action',
  'Microsoft.ManagedIdentity/userAssignedIdentities/assign/action',
]
const toFindTheSubnet = ['Microsoft.Compute/virtualMachines/read', 'Microsoft.Network/networkInterfaces/read']

const module = modules.find(({ folder }) => folder === 'terraform/modules/cachewarmer_roles')
const given = (role: string): string[] => {
  const [permissions] = (module?.resources.get(`azurerm_role_definition.${role}`)?.['permissions'] ?? []) as {
    readonly actions: string[]
  }[]
  return [...(permissions?.actions ?? [])].sort()
}

describe('the roles', () => {
  test("of the module are those of the page: the manager's may find its subnet, too", () => {
    expect(given('manager')).toEqual([...actionsOf('CacheWarmer Manager'), ...toFindTheSubnet].sort())
    expect(given('worker')).toEqual([...actionsOf('CacheWarmer Worker')])
  })

  test("of the package's README are those of the page", () => {
    const [, block = ''] = /^## Roles[\s\S]*?```\n([\s\S]*?)```/m.exec(readText('packages/vmss/README.md')) ?? []
    const named = block.split(/\s+/).filter(Boolean).sort()
    expect(named).toEqual([...actionsOf('CacheWarmer Manager'), ...onOneResource, ...toFindTheSubnet].sort())
    expect(readText('packages/vmss/README.md')).toContain(actionsOf('CacheWarmer Worker')[0])
  })

  test('that the table adds are named on the page', () => {
    for (const action of [...onOneResource, ...toFindTheSubnet]) expect(page).toContain(`\`${action}\``)
  })

  test('of Azure itself are the ones that the module assigns', () => {
    const assigned = [...(module?.resources ?? [])].flatMap(([, body]) =>
      typeof body['role_definition_name'] === 'string' ? [body['role_definition_name']] : [],
    )
    expect(assigned.length).toBeGreaterThan(3)
    for (const name of assigned) expect(page.replaceAll(/\s+/g, ' ')).toContain(name)
  })
})
