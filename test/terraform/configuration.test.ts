import { describe, expect, test } from 'vitest'
import { readText, repositoryFiles } from '../support/repository.ts'
import { wrongIn as wrongInBody } from './arm-body.ts'
import { expressionsIn, type Module, modules, namesAfter, settingNames, sourceOf } from './hcl.ts'
import { type Block, type Provider, providers, providersOf } from './providers.ts'

const called = modules.flatMap((caller) => [...caller.calls].map(([name, call]) => ({ caller, name, call })))
const resources = modules.flatMap((module) => [...module.resources].map(([name, body]) => ({ module, name, body })))
const byFolder = (folder: string): Module => {
  const module = modules.find((candidate) => candidate.folder === folder)
  if (module === undefined) throw new Error(`there is no ${folder}`)
  return module
}
const secret = /password|release_url$|^proxy$|settings$/

test('all modules and examples are there', () => {
  expect(modules.map(({ folder }) => folder)).toEqual([
    'terraform/examples/anf-cache',
    'terraform/examples/any-nfs-cache',
    'terraform/examples/existing-controller',
    'terraform/examples/vfxt',
    'terraform/modules/cachewarmer',
    'terraform/modules/cachewarmer_manager_install',
    'terraform/modules/cachewarmer_mount_junctions',
    'terraform/modules/cachewarmer_prepare_bootstrapdir',
    'terraform/modules/cachewarmer_roles',
    'terraform/modules/cachewarmer_submitjobs',
    'terraform/modules/cachewarmer_worker_install',
    'terraform/modules/controller',
    'terraform/modules/nat_gateway',
    'terraform/modules/nfs_filer',
    'terraform/modules/remote_script',
    'terraform/modules/render_network',
  ])
})

test('every module is called by an example, directly or through another module', () => {
  const reached = new Set(modules.filter(({ folder }) => folder.includes('/examples/')))
  for (const module of reached)
    for (const call of module.calls.values()) {
      const source = sourceOf(module, call)
      if (source !== undefined) reached.add(source)
    }
  expect(modules.filter((module) => !reached.has(module)).map(({ folder }) => folder)).toEqual([])
})

describe.each(modules)('$folder', (module) => {
  const { folder, variables, outputs, locals, resources, calls, expressions } = module

  test('every variable that is used is declared, and every one declared is used', () => {
    const used = namesAfter('var', expressions)
    expect([...used].filter((name) => !variables.has(name))).toEqual([])
    // A variable that only its own validation reads is not used.
    const useful = namesAfter('var', [
      ...expressionsIn(Object.fromEntries(locals)),
      ...[...outputs, ...resources, ...calls].flatMap(([, body]) => expressionsIn(body)),
    ])
    const shared = hasConnection(module) ? sharedByConnection : new Set<string>()
    expect([...variables.keys()].filter((name) => !useful.has(name) && !shared.has(name))).toEqual([])
  })

  test('every local value that is used is there, and every one there is used', () => {
    const used = namesAfter('local', expressions)
    expect([...used].filter((name) => !locals.has(name))).toEqual([])
    expect([...locals.keys()].filter((name) => !used.has(name) && !sharedByConnection.has(name))).toEqual([])
  })

  test('every resource and module that is read is there', () => {
    const types = new Set([...resources.keys()].map((name) => name.split('.').slice(0, -1).join('.')))
    for (const text of expressions) {
      for (const [, data = '', type = '', name = ''] of text.matchAll(
        /(?<![\w."/-])(data\.)?((?:azurerm|azapi|avere|terraform)_\w+)\.(\w+)/g,
      ))
        expect([...resources.keys()]).toContain(`${data}${type}.${name}`)
    }
    expect(types.size + calls.size).toBeGreaterThan(0)
    expect([...namesAfter('module', expressions)].filter((name) => !calls.has(name))).toEqual([])
  })

  test('every variable has a type and a description, and those that are secret say so', () => {
    for (const [name, body] of variables) {
      expect(body['type'], name).toBeDefined()
      expect(body['description'], name).toMatch(/\.$/)
      expect([name, body['sensitive'] === true]).toEqual([name, secret.test(name)])
    }
    for (const [name, body] of outputs) expect(body['description'], name).toMatch(/\.$/)
  })

  test('its README names every variable and every output', () => {
    const readme = readText(`${folder}/README.md`)
    const named = new Set([...readme.matchAll(/`(\w+)`/g)].map(([, name = '']) => name))
    expect([...variables.keys(), ...outputs.keys()].filter((name) => !named.has(name))).toEqual([])
  })
})

/** What connection.tf declares for every module that has it; the module of modules passes the variables on instead. */
const sharedByConnection = new Set(['jumpbox'])
const hasConnection = ({ variables }: Module): boolean => variables.has('jumpbox_address')

describe.each(called)('$caller.folder: module $name', ({ caller, name, call }) => {
  const source = sourceOf(caller, call)

  test('is one of ours, is given what it needs, and nothing else', () => {
    if (source === undefined) throw new Error(`there is no ${String(call['source'])}`)
    const given = Object.keys(call).filter(
      (key) => !['source', 'depends_on', 'count', 'for_each', 'providers'].includes(key),
    )
    expect(given.filter((key) => !source.variables.has(key))).toEqual([])
    const needed = [...source.variables].filter(([, body]) => body['default'] === undefined).map(([key]) => key)
    expect(needed.filter((key) => !given.includes(key) || call[key] === undefined)).toEqual([])
  })

  test('has every output that is read of it', () => {
    const read = namesAfter(`module\\.${name}`, caller.expressions)
    expect([...read].filter((output) => !source?.outputs.has(output))).toEqual([])
  })
})

const typeOf = (name: string): string => name.split('.').slice(0, -1).join('.')

const metaArguments = ['count', 'for_each', 'depends_on', 'lifecycle', 'provider', 'connection', 'provisioner']

/** The problems of a block, compared with the provider's schema. */
function wrongIn(where: string, body: Readonly<Record<string, unknown>>, schema: Block): string[] {
  const dynamic = (body['dynamic'] ?? {}) as Record<string, [{ content: [Record<string, unknown>] }]>
  const inner: [string, unknown][] = [
    ...Object.entries(body).filter(([key]) => key !== 'dynamic'),
    ...Object.entries(dynamic).map(([key, [{ content }]]): [string, unknown] => [key, content]),
  ]
  const names = inner.map(([key]) => key)
  const missing = [...schema.needed, ...Object.keys(schema.blocks).filter((name) => schema.blocks[name]?.isNeeded)]
  return [
    ...missing.filter((name) => !names.includes(name)).map((name) => `${where}: ${name} is needed`),
    ...inner.flatMap(([key, value]) => {
      const block = schema.blocks[key]
      if (block !== undefined)
        return (Array.isArray(value) ? value : [value]).flatMap((each) =>
          wrongIn(`${where}.${key}`, each as Record<string, unknown>, block),
        )
      const known = schema.needed.includes(key) || schema.optional.includes(key) || metaArguments.includes(key)
      return known ? [] : [`${where}: there is no ${key}`]
    }),
  ]
}

describe.each(providers)('$name $version', (provider: Provider) => {
  const own = resources.filter(({ name }) => providersOf(typeOf(name)).includes(provider))

  test.each(own)('$module.folder $name has the arguments that the provider knows', ({ name, body }) => {
    const schema = provider.resources[typeOf(name)]
    if (schema === undefined) throw new Error('its list lacks it: see schemas/write.ts')
    expect(wrongIn(name, body, schema)).toEqual([])
  })

  test.each(modules)('$folder reads attributes that there are', ({ expressions }) => {
    const read = new RegExp(
      `(?<![\\w.])((?:data\\.)?${provider.name}_\\w+)\\.(\\w+)(?:\\[[^\\]]*\\])?\\.(\\w+)(?:\\[\\d+\\]\\.(\\w+))?`,
      'g',
    )
    const wrong = expressions.flatMap((text) =>
      [...text.matchAll(read)].flatMap(([whole, type = '', , attribute = '', inner]) => {
        const exported = provider.resources[type]?.exported[attribute]
        if (exported === undefined || (inner !== undefined && !exported.includes(inner))) return [whole]
        return []
      }),
    )
    expect(wrong).toEqual([])
  })

  test('every resource in the list of the provider is used, and the list says where it is from', () => {
    const used = new Set(own.map(({ name }) => typeOf(name)))
    expect(Object.keys(provider.resources).filter((name) => !used.has(name))).toEqual([])
    expect(provider.source).toMatch(/ [0-9a-f]{40}$|^@cdktf\/provider-azurerm [\d.]+ on npm$/)
  })
})

test('every resource is one of a provider whose names are known, or of Terraform itself', () => {
  const unknown = resources.map(({ name }) => typeOf(name)).filter((type) => providersOf(type).length === 0)
  expect(new Set(unknown)).toEqual(new Set(['terraform_data']))
})

test('a misspelt argument, a missing one and a wrong block would be found', () => {
  const schema = providersOf('avere_vfxt')[0]?.resources['avere_vfxt']?.blocks['core_filer'] as Block
  expect(wrongIn('t', { name: 'a', target_host: 'b', junction: [{ nfs_exports: '/' }] }, schema)).toEqual(
    expect.arrayContaining([
      't: there is no target_host',
      't: cache_policy is needed',
      't.junction: there is no nfs_exports',
    ]),
  )
})

describe('what azapi sends', () => {
  const bodies = resources.filter(({ name }) => name.startsWith('azapi_resource.'))

  test.each(bodies)('$module.folder $name fits the published type', ({ body }) => {
    const { type, body: content, location } = body as { type: string; body: object; location: string }
    expect(wrongInBody(type, { location, ...content })).toEqual([])
  })

  test('a misspelt property, a read-only one and a word that is none would be found', () => {
    const type = 'Microsoft.NetApp/netAppAccounts/capacityPools/caches@2026-01-01'
    const properties = { filePth: 'a', cacheState: 'Succeeded', encryptionKeySource: 'mine', protocolTypes: 'NFSv3' }
    expect(wrongInBody(type, { location: 'x', properties })).toEqual(
      expect.arrayContaining([
        'properties: there is no filePth',
        'properties.cacheState: is read-only',
        'properties.encryptionKeySource: expected Microsoft.NetApp, Microsoft.KeyVault',
        'properties.protocolTypes: expected a list',
        'properties: filePath is needed',
      ]),
    )
  })
})

test('azurerm is allowed from the oldest version whose names are checked to the newest major one', () => {
  const texts = repositoryFiles('terraform/**/*.tf').map(readText)
  const asked = texts.flatMap((text) =>
    [...text.matchAll(/hashicorp\/azurerm"\s+version = "([^"]*)"/g)].map(([, what]) => what),
  )
  expect(new Set(asked)).toEqual(new Set(['>= 4.55, < 6']))
  expect(providersOf('azurerm_subnet').map(({ version }) => version)).toEqual(['4.55.0', '5.2.0'])
})

describe('what runs on the controller', () => {
  interface Provisioner {
    readonly inline?: readonly string[]
    readonly content?: string
    readonly destination?: string
  }
  const remote = resources.filter(({ body }) => body['connection'] !== undefined)

  test('connection.tf is the same everywhere, and one module alone speaks with the controller', () => {
    const texts = repositoryFiles('terraform/modules/*/connection.tf').map(readText)
    expect(texts.length).toBeGreaterThan(5)
    expect(new Set(texts).size).toBe(1)
    expect(remote.map(({ module }) => module.folder)).toEqual(['terraform/modules/remote_script'])
  })

  test.each(remote)('no setting reaches a command line; files go into a folder for one account', ({ body }) => {
    const given = body['provisioner'] as Readonly<Record<string, readonly Provisioner[]>>
    const commands = (given['remote-exec'] ?? []).flatMap(({ inline = [] }) => inline)
    for (const command of commands) expect(command).not.toMatch(/settings\}|settings\[|jumpbox|proxy|password/)
    expect(commands).toContainEqual(expect.stringContaining('umask 077'))
    expect(commands).toContainEqual(expect.stringMatching(/^mkdir -p/))
    expect(commands).toContainEqual(expect.stringMatching(/^chmod 0700 \.cachewarmer /))
    expect(commands).toContainEqual(expect.stringMatching(/^trap 'rm -rf .*' EXIT$/))
    const settings = (given['file'] ?? []).filter(({ content }) => content !== undefined)
    expect(settings.map(({ destination }) => destination)).toContainEqual(expect.stringMatching(/\/settings$/))
  })

  const calls = called.filter(({ call }) => String(call['source']).endsWith('/remote_script'))

  test.each(calls)('$caller.folder: no secret is kept in the state as a trigger', ({ caller, call }) => {
    const triggers = expressionsIn(call['triggers'])
    const sensitive = [...caller.variables].filter(([, { sensitive }]) => sensitive === true).map(([name]) => name)
    for (const name of sensitive) expect([...namesAfter('var', triggers)]).not.toContain(name)
  })

  test.each(['manager', 'worker'])('the secrets among the settings of the %s are kept out of the triggers', (role) => {
    const module = byFolder(`terraform/modules/cachewarmer_${role}_install`)
    const secrets = module.locals.get('secrets') as string[]
    const names = settingNames(module)
    expect(names.filter((name) => /KEY|SAS|SECRET|TOKEN$|CONNECTION_STRING|QUEUE$/.test(name)).sort()).toEqual(secrets)
  })
})

/** From docs and examples of the original: users of its modules change only their source. */
describe("the original's modules", () => {
  const controller = [
    'jumpbox_address',
    'jumpbox_username',
    'jumpbox_password',
    'jumpbox_ssh_key_data',
    'jumpbox_ssh_port',
    'proxy',
  ]
  const queue = ['storage_account_rg', 'storage_account', 'queue_name_prefix']
  const bootstrap = ['bootstrap_mount_address', 'bootstrap_export_path']

  test.each([
    [
      'prepare_bootstrapdir',
      [...bootstrap, 'bootstrap_subdir', 'build_cachewarmer'],
      ['jumpbox_address', ...bootstrap],
    ],
    [
      'manager_install',
      [
        ...bootstrap,
        ...queue,
        'bootstrap_manager_script_path',
        'bootstrap_worker_script_path',
        'vmss_user_name',
        'vmss_password',
        'vmss_ssh_public_key',
        'vmss_subnet_name',
        'vmss_worker_count',
      ],
      ['jumpbox_address', ...bootstrap, 'bootstrap_manager_script_path', 'bootstrap_worker_script_path', ...queue],
    ],
    [
      'worker_install',
      [...bootstrap, 'bootstrap_worker_script_path', ...queue],
      ['jumpbox_address', ...bootstrap, 'bootstrap_worker_script_path', ...queue],
    ],
    [
      'submitjobs',
      [
        ...queue,
        'warm_mount_addresses',
        'warm_paths',
        'inclusion_csv',
        'exclusion_csv',
        'maxFileSizeBytes',
        'block_until_warm',
      ],
      ['jumpbox_address', ...queue, 'warm_mount_addresses'],
    ],
  ])('cachewarmer_%s takes what it took, and needs nothing more', (name, variables, needed) => {
    const module = byFolder(`terraform/modules/cachewarmer_${name}`)
    expect([...module.variables.keys()]).toEqual(expect.arrayContaining([...controller, ...variables]))
    const without = [...module.variables].filter(([, body]) => body['default'] === undefined).map(([key]) => key)
    expect(without.sort()).toEqual([...needed].sort())
  })

  test('cachewarmer_prepare_bootstrapdir gives what it gave, and which release it is', () => {
    expect([...byFolder('terraform/modules/cachewarmer_prepare_bootstrapdir').outputs.keys()].sort()).toEqual([
      'bootstrap_export_path',
      'bootstrap_mount_address',
      'cachewarmer_manager_bootstrap_script_path',
      'cachewarmer_worker_bootstrap_script_path',
      'release',
    ])
  })
})
