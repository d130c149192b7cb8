import { computeSchema } from './schema.ts'

/** What is wrong with a body, each with the path to it, as a strict reader of the specification sees it. */
export function problemsOf(body: unknown, type: string): string[] {
  return check(body, type, '')
}

/** Types that need no look inside. */
const plain: Readonly<Record<string, (value: unknown) => boolean>> = {
  string: (value) => typeof value === 'string',
  boolean: (value) => typeof value === 'boolean',
  integer: (value) => Number.isInteger(value),
  number: (value) => typeof value === 'number',
  any: () => true,
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Every problem at once, as Azure tells only the first and people would fix them one by one. */
function check(value: unknown, type: string, path: string): string[] {
  const fits = plain[type]
  if (fits) return fits(value) ? [] : [`${path || 'body'} must be ${type}`]
  if (type.startsWith('[')) {
    if (!Array.isArray(value)) return [`${path} must be an array`]
    return value.flatMap((each, index) => check(each, type.slice(1, -1), `${path}[${index}]`))
  }
  const below = (name: string): string => (path === '' ? name : `${path}.${name}`)
  if (type.startsWith('{')) {
    if (!isObject(value)) return [`${path} must be an object`]
    return Object.entries(value).flatMap(([name, each]) => check(each, type.slice(1, -1), below(name)))
  }
  const properties = computeSchema[type]
  if (!properties) return type.split('|').includes(String(value)) ? [] : [`${path} must be one of ${type}`]
  if (!isObject(value)) return [`${path || 'body'} must be an object`]
  const unknown = Object.keys(value).filter((name) => !(name in properties))
  const missing = Object.entries(properties).filter(([name, each]) => each.endsWith('!') && value[name] === undefined)
  return [
    ...unknown.map((name) => `could not find member '${name}' on object of type '${type}' at ${path || 'the root'}`),
    ...missing.map(([name]) => `required property '${below(name)}' was not found`),
    ...Object.entries(properties).flatMap(([name, each]) =>
      value[name] === undefined ? [] : check(value[name], each.replace(/!$/, ''), below(name)),
    ),
  ]
}
