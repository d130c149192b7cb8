import { readText } from '../support/repository.ts'

/** The allowed content of a block: arguments by name, and further blocks. */
export interface Block {
  readonly needed: string[]
  readonly optional: string[]
  readonly blocks: Record<string, Block & { readonly isNeeded: boolean }>
}

/** A resource, or with `data.` before its name a data source. */
interface Resource extends Block {
  /** Its readable attributes; for blocks and lists the attributes within. */
  readonly exported: Record<string, string[]>
}

export interface Provider {
  version: string
  readonly resources: Record<string, Resource>
}

export const azurerm = JSON.parse(readText('test/terraform/fixtures/azurerm.json')) as Provider
