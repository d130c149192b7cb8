import { readText } from '../support/repository.ts'

/** The allowed content of a block: arguments by name, and further blocks. */
export interface Block {
  readonly needed: string[]
  readonly optional: string[]
  readonly blocks: Record<string, Block & { readonly isNeeded: boolean }>
}

/** A resource, or with `data.` before its name a data source. */
export interface Resource extends Block {
  /** Its readable attributes; for blocks and lists the attributes within. */
  readonly exported: Record<string, string[]>
}

/** What one version of a provider knows of the resources that our Terraform uses. */
export interface Provider {
  readonly name: string
  readonly version: string
  /** Where the names were taken from, with the commit or the version of a package. */
  readonly source: string
  readonly resources: Readonly<Record<string, Resource>>
}

const read = (name: string): Provider => JSON.parse(readText(`test/terraform/fixtures/${name}.json`)) as Provider

/** The oldest and the newest azurerm that our files allow, and the other providers of the examples. */
export const providers: readonly Provider[] = ['azurerm-4.55.0', 'azurerm-5.2.0', 'avere', 'azapi'].map(read)

/** The prefix of a resource's type is the name of its provider. */
export const providersOf = (resource: string): readonly Provider[] =>
  providers.filter(({ name }) => resource.replace(/^data\./, '').startsWith(`${name}_`))
