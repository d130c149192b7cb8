import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { loadPackageDefinition, Server, ServerCredentials, type ServiceDefinition } from '@grpc/grpc-js'
import { loadSync } from '@grpc/proto-loader'
import type { Block, Provider, Resource } from '../providers.ts'

/*
 * Stands for a provider that can't be had here, so that Terraform itself validates what uses it: answers with the names of a
 * list in fixtures, and with nothing else. The values of arguments are not looked at.
 *
 *   node provider.ts LIST        started by Terraform, as a plugin
 */
const [file = ''] = process.argv.slice(2)
const { name, resources } = JSON.parse(readFileSync(file, 'utf8')) as Provider

const anyType = Buffer.from('"dynamic"')
const [single, list] = [1, 2]

interface SchemaBlock {
  readonly attributes: readonly object[]
  readonly block_types: readonly object[]
}

/** `exported`: attributes that can be read, beside the arguments. */
function blockOf(
  { needed, optional, blocks }: Block,
  exported: Readonly<Record<string, readonly string[]>>,
): SchemaBlock {
  const given = new Set([...needed, ...optional, ...Object.keys(blocks)])
  const onlyRead = Object.keys(exported).filter((attribute) => !given.has(attribute))
  return {
    attributes: [
      ...needed.map((attribute) => ({ name: attribute, type: anyType, required: true })),
      ...optional.map((attribute) => ({ name: attribute, type: anyType, optional: true })),
      ...onlyRead.map((attribute) => ({ name: attribute, type: anyType, computed: true })),
    ],
    block_types: Object.entries(blocks).map(([block, inner]) => ({
      type_name: block,
      block: blockOf(inner, Object.fromEntries((exported[block] ?? []).map((attribute) => [attribute, []]))),
      nesting: block === 'timeouts' ? single : list,
      min_items: inner.isNeeded && block !== 'timeouts' ? 1 : 0,
    })),
  }
}

const schemaOf = (resource: Resource): object => ({ version: 0, block: blockOf(resource, resource.exported) })

/** The arguments of the provider's own block that our files use: both versions of azurerm have them. */
const storage = { isNeeded: false, needed: [], optional: ['data_plane_available'], blocks: {} }
const ownBlock: Block =
  name === 'azurerm'
    ? {
        needed: [],
        optional: ['storage_use_azuread', 'resource_provider_registrations', 'resource_providers_to_register'],
        blocks: { features: { isNeeded: true, needed: [], optional: [], blocks: { storage } } },
      }
    : { needed: [], optional: [], blocks: {} }

const schemas = (isData: boolean): Record<string, object> =>
  Object.fromEntries(
    Object.entries(resources)
      .filter(([type]) => type.startsWith('data.') === isData)
      .map(([type, resource]) => [type.replace(/^data\./, ''), schemaOf(resource)]),
  )

type Answer = (call: { readonly request: object }, done: (error: null, value: object) => void) => void
const answer =
  (value: object | ((request: object) => object)): Answer =>
  ({ request }, done) =>
    done(null, typeof value === 'function' ? value(request) : value)

const { tfplugin5 } = loadPackageDefinition(
  loadSync(join(import.meta.dirname, 'plugin.proto'), { keepCase: true }),
) as unknown as { readonly tfplugin5: { readonly Provider: { readonly service: ServiceDefinition } } }

const server = new Server()
server.addService(tfplugin5.Provider.service, {
  GetSchema: answer({
    provider: { version: 0, block: blockOf(ownBlock, {}) },
    resource_schemas: schemas(false),
    data_source_schemas: schemas(true),
  }),
  PrepareProviderConfig: answer((request) => ({ prepared_config: (request as { config: object }).config })),
  ValidateResourceTypeConfig: answer({}),
  ValidateDataSourceConfig: answer({}),
  Stop: answer({}),
})
server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) => {
  if (error !== null) throw error
  // The handshake of a plugin: its own protocol, Terraform's, and where it listens.
  process.stdout.write(`1|5|tcp|127.0.0.1:${port}|grpc\n`)
})
