import { readText } from '../support/repository.ts'
import type { ArmType } from './schemas/arm-types.ts'

const { types } = JSON.parse(readText('test/terraform/fixtures/arm-types.json')) as {
  readonly types: Readonly<Record<string, ArmType>>
}

/** Written by hand in a configuration, as far as no expression stands there. */
const isExpression = (value: unknown): boolean => typeof value === 'string' && value.includes('${')

/** What is wrong in a body, compared with the published type of the resource. */
export function wrongIn(type: string, body: Readonly<Record<string, unknown>>): string[] {
  const known = types[type]
  if (known === undefined) throw new Error(`fixtures/arm-types.json lacks ${type}: see schemas/write.ts`)
  return wrong('', { id: '', name: '', type: '', apiVersion: '', ...body }, known).filter(
    (line) => !/^(id|type|apiVersion|name): /.test(line),
  )
}

function wrong(where: string, value: unknown, type: ArmType): string[] {
  if (isExpression(value) || 'any' in type) return []
  const at = (name: string): string => (where === '' ? name : `${where}.${name}`)
  if ('object' in type) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return [`${where}: expected an object`]
    const missing = Object.entries(type.object).filter(([name, { isNeeded }]) => isNeeded && !(name in value))
    return [
      ...missing.map(([name]) => `${where}: ${name} is needed`),
      ...Object.entries(value).flatMap(([name, inner]) => {
        const known = type.object[name]
        if (known === undefined) return [`${where}: there is no ${name}`]
        return known.isReadOnly ? [`${at(name)}: is read-only`] : wrong(at(name), inner, known.type)
      }),
    ]
  }
  if ('array' in type) {
    if (!Array.isArray(value)) return [`${where}: expected a list`]
    return value.flatMap((each, index) => wrong(`${where}[${index}]`, each, type.array))
  }
  if ('words' in type) {
    return type.words.includes(String(value)) ? [] : [`${where}: expected ${type.words.join(', ')}`]
  }
  const expected = 'boolean' in type ? 'boolean' : 'integer' in type ? 'number' : 'string'
  return typeof value === expected ? [] : [`${where}: expected a ${expected}`]
}
