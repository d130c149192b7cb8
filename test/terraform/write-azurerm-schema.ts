import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { Block, Provider } from './azurerm.ts'

/*
 * Writes fixtures/azurerm.json: the arguments and attributes of the resources that our Terraform uses, taken from the
 * typings that CDK for Terraform publishes of the azurerm provider. Needed again when a file uses another resource:
 *
 *   npm pack @cdktf/provider-azurerm@14.23.1 && tar xzf cdktf-provider-azurerm-14.23.1.tgz
 *   node test/terraform/write-azurerm-schema.ts package azurerm_subnet data.azurerm_subnet ...
 */
const [unpacked, ...names] = process.argv.slice(2)
if (unpacked === undefined || names.length === 0) {
  console.error('usage: node test/terraform/write-azurerm-schema.ts UNPACKED-PACKAGE RESOURCE...')
  process.exit(2)
}

const snake = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)

/** A file of typings, each interface and class by its name. */
class Typings {
  readonly #declarations = new Map<string, string>()
  readonly text: string

  constructor(text: string) {
    this.text = text
    for (const [, name = '', body = ''] of text.matchAll(
      /^export (?:declare )?(?:interface|class) (\w+)[^{]*\{\n([\s\S]*?)^\}/gm,
    ))
      this.#declarations.set(name, body)
  }

  /** Arguments of a configuration or of a block within one. A block has an interface of its own. */
  block(interfaceName: string): Block {
    const block: Block = { needed: [], optional: [], blocks: {} }
    for (const [, argument = '', optional, type = ''] of (this.#declarations.get(interfaceName) ?? '').matchAll(
      /#(\w+) \w+#\w+\}\n(?: *\*(?!\/)[^\n]*\n)* *\*\/\n *readonly \w+(\??): ((?:\{[^}]*\}|[^;{])+)/g,
    )) {
      const inner = [...type.matchAll(/\b([A-Z]\w+)\b/g)]
        .map(([, name = '']) => name)
        .find((name) => this.#declarations.has(name))
      if (inner !== undefined) block.blocks[argument] = { isNeeded: optional === '', ...this.block(inner) }
      else (optional === '' ? block.needed : block.optional).push(argument)
    }
    return block
  }

  /** Attributes that can be read, and those of what a list or a block gives. */
  exported(className: string): Record<string, string[]> {
    const found: Record<string, string[]> = {}
    for (const [, name = '', type = ''] of (this.#declarations.get(className) ?? '').matchAll(
      /^ {4}get (\w+)\(\): ([^;]+)/gm,
    )) {
      if (name.endsWith('Input') || name === 'fqn' || name === 'internalValue') continue
      const inner = type.replace(/List$/, 'OutputReference')
      found[snake(name)] = this.#declarations.has(inner) ? Object.keys(this.exported(inner)) : []
    }
    return found
  }
}

const lib = join(unpacked, 'lib')
const provider: Provider = { version: '', resources: {} }
for (const name of names) {
  const type = name.replace(/^data\./, '')
  const folder = `${name.startsWith('data.') ? 'data-azurerm-' : ''}${type.replace(/^azurerm_/, '').replaceAll('_', '-')}`
  if (!readdirSync(lib).includes(folder)) throw new Error(`${name}: the provider has no ${folder}`)
  const typings = new Typings(readFileSync(join(lib, folder, 'index.d.ts'), 'utf8'))
  const [, className = ''] = /class (\w+) extends cdktf\.Terraform(?:Resource|DataSource)/.exec(typings.text) ?? []
  provider.version ||= /providers\/hashicorp\/azurerm\/([\d.]+)\//.exec(typings.text)?.[1] ?? ''
  provider.resources[name] = { ...typings.block(`${className}Config`), exported: typings.exported(className) }
}
const file = join(import.meta.dirname, 'fixtures/azurerm.json')
const lines = Object.entries(provider.resources).map(
  ([name, resource]) => `${JSON.stringify(name)}: ${JSON.stringify(resource)}`,
)
writeFileSync(file, `{"version": "${provider.version}", "resources": {\n${lines.join(',\n')}\n}}\n`)
console.log(`${basename(file)}: ${names.length} resources of azurerm ${provider.version}`)
