/* Reads a type of Azure's resource manager out of the lists that azapi checks bodies with (Azure/bicep-types-az). */

interface Reference {
  readonly $ref: string
}

type Listed =
  | { readonly $type: 'ResourceType'; readonly name: string; readonly body: Reference }
  | { readonly $type: 'UnionType'; readonly elements: readonly Reference[] }
  | { readonly $type: 'StringLiteralType'; readonly value: string }
  | { readonly $type: 'ArrayType'; readonly itemType: Reference }
  | {
      readonly $type: 'ObjectType'
      readonly name: string
      readonly properties: Readonly<Record<string, { readonly type: Reference; readonly flags: number }>>
      readonly additionalProperties?: Reference
    }
  | {
      readonly $type: 'StringType'
      readonly pattern?: string
      readonly minLength?: number
      readonly maxLength?: number
    }
  | { readonly $type: 'IntegerType'; readonly minValue?: number; readonly maxValue?: number }
  | { readonly $type: 'BooleanType' | 'AnyType' }

/** What a body may hold, as a tree: `object`, `array`, a choice of words, or a plain type. */
export type ArmType =
  | {
      readonly object: Readonly<
        Record<string, { readonly type: ArmType; readonly isNeeded: boolean; readonly isReadOnly: boolean }>
      >
    }
  | { readonly array: ArmType }
  | { readonly words: readonly string[] }
  | { readonly string: { readonly pattern?: string } }
  | { readonly integer: { readonly minValue?: number; readonly maxValue?: number } }
  | { readonly any: true }
  | { readonly boolean: true }

const required = 1
const readOnly = 2

export function armType(listed: readonly Listed[], name: string): ArmType {
  const resource = listed.find(
    (each) => each.$type === 'ResourceType' && each.name.toLowerCase() === name.toLowerCase(),
  )
  if (resource?.$type !== 'ResourceType') throw new Error(`there is no ${name}`)
  const at = ({ $ref }: Reference): Listed => listed[Number($ref.slice($ref.lastIndexOf('/') + 1))] as Listed
  const read = (type: Listed): ArmType => {
    switch (type.$type) {
      case 'ObjectType':
        if (type.additionalProperties !== undefined) return { any: true }
        return {
          object: Object.fromEntries(
            Object.entries(type.properties).map(([key, { type: inner, flags }]) => [
              key,
              { type: read(at(inner)), isNeeded: (flags & required) > 0, isReadOnly: (flags & readOnly) > 0 },
            ]),
          ),
        }
      case 'ArrayType':
        return { array: read(at(type.itemType)) }
      case 'UnionType':
        return {
          words: type.elements.map(at).flatMap((each) => (each.$type === 'StringLiteralType' ? [each.value] : [])),
        }
      case 'StringLiteralType':
        return { words: [type.value] }
      case 'StringType':
        return { string: type.pattern === undefined ? {} : { pattern: type.pattern } }
      case 'IntegerType':
        return {
          integer: {
            ...(type.minValue === undefined ? {} : { minValue: type.minValue }),
            ...(type.maxValue === undefined ? {} : { maxValue: type.maxValue }),
          },
        }
      case 'BooleanType':
        return { boolean: true }
      default:
        return { any: true }
    }
  }
  return read(at(resource.body))
}
