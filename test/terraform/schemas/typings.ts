import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Block, Resource } from '../providers.ts'

/* Reads schemas out of the typings that CDK for Terraform publishes of a provider, unpacked from npm. */

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

/** A resource of azurerm, or with `data.` before its name a data source. */
export function readTypings(unpacked: string, name: string): Resource {
  const type = name.replace(/^data\./, '')
  const folder = `${name.startsWith('data.') ? 'data-azurerm-' : ''}${type.replace(/^azurerm_/, '').replaceAll('_', '-')}`
  const lib = join(unpacked, 'lib')
  if (!readdirSync(lib).includes(folder)) throw new Error(`${name}: the provider has no ${folder}`)
  const typings = new Typings(readFileSync(join(lib, folder, 'index.d.ts'), 'utf8'))
  const [, className = ''] = /class (\w+) extends cdktf\.Terraform(?:Resource|DataSource)/.exec(typings.text) ?? []
  return { ...typings.block(`${className}Config`), exported: typings.exported(className) }
}
