import type { TSchema } from 'typebox'
import { Control } from './control.ts'
import { FailureList } from './failure-list.ts'
import { Item } from './item.ts'
import { JobMessage } from './job-fields.ts'
import { ListChunk } from './list-chunk.ts'
import { ResultMessage } from './result.ts'
import { RunStatus } from './status.ts'

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
