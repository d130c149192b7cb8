import type { TSchema } from 'typebox'
import { JobMessage } from './job/fields.ts'
import { Control } from './messages/control.ts'
import { Item } from './messages/item.ts'
import { ListChunk } from './messages/list.ts'
import { FailureList, ResultMessage } from './messages/result.ts'
import { RunStatus } from './messages/status.ts'

/** The published schemas, by the name of their file. */
const schemas: Readonly<Record<string, TSchema>> = {
  job: JobMessage,
  item: Item,
  result: ResultMessage,
  status: RunStatus,
  control: Control,
  'failure-list': FailureList,
  list: ListChunk,
}

/** File name and text of every published schema. */
export const schemaFiles = (): [name: string, text: string][] =>
  Object.entries(schemas).map(([name, schema]) => {
    const published = { $schema: 'https://json-schema.org/draft/2020-12/schema', ...schema }
    return [`${name}.json`, `${JSON.stringify(published, null, 2)}\n`]
  })
