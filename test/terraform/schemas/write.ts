import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Block, Provider, Resource } from '../providers.ts'
import { armType } from './arm-types.ts'
import { GoProvider } from './go-schema.ts'
import { readTypings } from './typings.ts'

/*
 * Writes fixtures/*.json: the arguments and attributes of the resources that our Terraform uses, as the providers' sources
 * have them. Needed again when a file uses another resource, or another version of a provider:
 *
 *   npm pack @cdktf/provider-azurerm@14.23.1 && tar xzf cdktf-provider-azurerm-14.23.1.tgz
 *   git clone https://github.com/hashicorp/terraform-provider-azurerm     # and Azure/Avere, Azure/terraform-provider-azapi
 *   node test/terraform/schemas/write.ts package terraform-provider-azurerm Avere terraform-provider-azapi
 */
const [typings, azurerm, avere, azapi] = process.argv.slice(2)
if (typings === undefined || azurerm === undefined || avere === undefined || azapi === undefined) {
  console.error(
    'usage: node test/terraform/schemas/write.ts TYPINGS AZURERM AVERE AZAPI; see the beginning of the file',
  )
  process.exit(2)
}

const used = [
  'data.azurerm_resource_group',
  'data.azurerm_subnet',
  'data.azurerm_user_assigned_identity',
  'data.azurerm_virtual_machine',
  'azurerm_linux_virtual_machine',
  'azurerm_nat_gateway',
  'azurerm_nat_gateway_public_ip_association',
  'azurerm_netapp_account',
  'azurerm_netapp_pool',
  'azurerm_network_interface',
  'azurerm_network_security_group',
  'azurerm_private_dns_zone',
  'azurerm_private_endpoint',
  'azurerm_public_ip',
  'azurerm_resource_group',
  'azurerm_role_assignment',
  'azurerm_role_definition',
  'azurerm_storage_account',
  'azurerm_subnet',
  'azurerm_subnet_nat_gateway_association',
  'azurerm_subnet_network_security_group_association',
  'azurerm_user_assigned_identity',
  'azurerm_virtual_network',
  'azurerm_virtual_network_peering',
]
const armTypes: [file: string, type: string][] = [
  ['netapp/microsoft.netapp/2026-01-01', 'Microsoft.NetApp/netAppAccounts/capacityPools/caches@2026-01-01'],
  ['privatedns/microsoft.network/2024-06-01', 'Microsoft.Network/privateDnsZones/virtualNetworkLinks@2024-06-01'],
]

const commitOf = (repository: string, version: string): string =>
  execFileSync('git', ['-C', repository, 'rev-parse', `${version}^{commit}`], { encoding: 'utf8' }).trim()
const fixture = (name: string): string => join(import.meta.dirname, '../fixtures', `${name}.json`)
const lines = (entries: Readonly<Record<string, unknown>>): string =>
  Object.entries(entries)
    .map(([name, value]) => `${JSON.stringify(name)}: ${JSON.stringify(value)}`)
    .join(',\n')

function write(file: string, { name, version, source, resources }: Provider): void {
  const head = lines({ name, version, source })
  writeFileSync(fixture(file), `{\n${head},\n"resources": {\n${lines(resources)}\n}}\n`)
  console.log(`${file}.json: ${Object.keys(resources).length} resources of ${name} ${version}`)
}

const each = (names: readonly string[], read: (name: string) => Resource): Record<string, Resource> =>
  Object.fromEntries(names.map((name) => [name, read(name)]))

/** Every resource of azurerm has an id and timeouts, which the code around its schema adds. */
function withCommon(resource: Resource): Resource {
  const timeouts = { isNeeded: false, needed: [], optional: ['create', 'delete', 'read', 'update'], blocks: {} }
  const blocks: Block['blocks'] = { ...resource.blocks, timeouts }
  return { ...resource, blocks, exported: { id: [], ...resource.exported } }
}

const packed = JSON.parse(readFileSync(join(typings, 'package.json'), 'utf8')) as { name: string; version: string }
write('azurerm-4.55.0', {
  name: 'azurerm',
  version: '4.55.0',
  source: `${packed.name} ${packed.version} on npm`,
  resources: each(used, (name) => readTypings(typings, name)),
})

const five = new GoProvider(azurerm, 'v5.2.0', ['internal', 'helpers', 'vendor/github.com/hashicorp/go-azure-helpers'])
write('azurerm-5.2.0', {
  name: 'azurerm',
  version: '5.2.0',
  source: `https://github.com/hashicorp/terraform-provider-azurerm ${commitOf(azurerm, 'v5.2.0')}`,
  resources: each(used, (name) => withCommon(five.resource(name))),
})

const vfxt = new GoProvider(avere, 'HEAD', ['src/terraform/providers/terraform-provider-avere'])
write('avere', {
  name: 'avere',
  version: '1.3.3',
  source: `https://github.com/Azure/Avere ${commitOf(avere, 'HEAD')}`,
  resources: each(['avere_vfxt'], (name) => vfxt.resource(name)),
})

/** The provider's documentation is generated from its schema: `- \`name\` (Type) …` below a heading for each block. */
function azapiResource(): Resource {
  const text = execFileSync('git', ['-C', azapi as string, 'show', 'HEAD:docs/resources/resource.md'], {
    encoding: 'utf8',
  }).split(/^## Import/m)[0] as string
  const [, top = '', ...nested] = text.split(/^(?=## Schema|### Nested Schema for)/m)
  const namesIn = (part: string): string[] => [...part.matchAll(/^- `(\w+)`/gm)].map(([, name = '']) => name)
  const below = (part: string, heading: string): string[] =>
    namesIn(new RegExp(`^### ${heading}\\n([\\s\\S]*?)(?=^### |$(?![\\s\\S]))`, 'm').exec(part)?.[1] ?? '')
  const blocks: Block['blocks'] = {}
  for (const part of nested) {
    const [, name = ''] = /^### Nested Schema for `(\w+)`/.exec(part) ?? []
    if (name !== 'retry') blocks[name] = { isNeeded: false, needed: [], optional: namesIn(part), blocks: {} }
  }
  const optional = below(top, 'Optional').filter((name) => blocks[name] === undefined)
  const exported = [...below(top, 'Read-Only'), ...below(top, 'Required'), ...optional]
  return {
    needed: below(top, 'Required'),
    optional,
    blocks,
    exported: Object.fromEntries(exported.map((name) => [name, []])),
  }
}
write('azapi', {
  name: 'azapi',
  version: '2.12.0',
  source: `https://github.com/Azure/terraform-provider-azapi ${commitOf(azapi, 'HEAD')}`,
  resources: { azapi_resource: azapiResource() },
})

const types = Object.fromEntries(
  armTypes.map(([folder, type]) => [
    type,
    armType(
      JSON.parse(
        execFileSync('git', ['-C', azapi, 'show', `HEAD:internal/azure/generated/${folder}/types.json`], {
          encoding: 'utf8',
          maxBuffer: 1 << 28,
        }),
      ),
      type,
    ),
  ]),
)
writeFileSync(
  fixture('arm-types'),
  `{\n${lines({ source: `https://github.com/Azure/terraform-provider-azapi ${commitOf(azapi, 'HEAD')}` })},\n"types": {\n${lines(types)}\n}}\n`,
)
console.log(`arm-types.json: ${armTypes.length} types`)
