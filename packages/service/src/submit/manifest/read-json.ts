import { getNodeValue, type Node, type ParseError, parseTree, printParseErrorCode } from 'jsonc-parser'
import { UsageError } from '../../cli/index.ts'

/** A value of a JSON text, and the line that it begins in, counted from 1. */
export interface JsonValue {
  readonly line: number
  readonly plain: unknown
  /** Of a list. */
  readonly items?: readonly JsonValue[] | undefined
  /** Of an object, in its order; a key may be there twice. */
  readonly keys?: readonly (readonly [key: string, value: JsonValue])[] | undefined
}

const strictly = { disallowComments: true, allowTrailingComma: false, allowEmptyContent: false }
/** Deeper than any manifest, and far from what a stack bears. */
const deepest = 32

/** Parses a JSON text and keeps where everything was. Throws `UsageError` that names the line of what is no JSON. */
export function readJson(text: string, name: string): JsonValue {
  const plain = text.replace(/^\uFEFF/, '')
  const lines = lineStarts(plain)
  const tooDeepAt = firstBeyond(plain, deepest)
  // Before it is parsed: the parser calls itself for every level.
  if (tooDeepAt !== undefined)
    throw new UsageError(
      `${name}, line ${lineAt(lines, tooDeepAt)}: expected a manifest, got values more than ${deepest} deep`,
    )
  const errors: ParseError[] = []
  const root = parseTree(plain, errors, strictly)
  const [first] = errors
  if (first === undefined && root !== undefined) return placed(root, (offset) => lineAt(lines, offset))
  const line = lineAt(lines, first?.offset ?? 0)
  const reason = first === undefined ? 'ValueExpected' : printParseErrorCode(first.error)
  throw new UsageError(`${name}, line ${line}: expected JSON (${inWords(reason)})`)
}

const inWords = (code: string): string =>
  code.replace(/[A-Z]/g, (letter, at) => `${at === 0 ? '' : ' '}${letter.toLowerCase()}`)

/** Where the text first nests more than `levels` lists and objects. */
function firstBeyond(text: string, levels: number): number | undefined {
  let open = 0
  let quoted = false
  for (let at = 0; at < text.length; at += 1) {
    const sign = text[at]
    if (quoted) {
      if (sign === '\\') at += 1
      else if (sign === '"') quoted = false
    } else if (sign === '"') quoted = true
    else if (sign === '{' || sign === '[') {
      open += 1
      if (open > levels) return at
    } else if (sign === '}' || sign === ']') open -= 1
  }
  return undefined
}

function placed(node: Node, lineOf: (offset: number) => number): JsonValue {
  const line = lineOf(node.offset)
  const children = node.children ?? []
  if (node.type === 'array') {
    const items = children.map((child) => placed(child, lineOf))
    return { line, plain: items.map((item) => item.plain), items }
  }
  if (node.type !== 'object') return { line, plain: getNodeValue(node) as unknown }
  const keys = children.flatMap(({ children: pair = [] }) => {
    const [key, value] = pair
    return key === undefined || value === undefined ? [] : [[String(key.value), placed(value, lineOf)] as const]
  })
  return { line, plain: {}, keys }
}

function lineStarts(text: string): number[] {
  const starts = [0]
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1)
  return starts
}

function lineAt(starts: readonly number[], offset: number): number {
  let low = 0
  let high = starts.length
  while (high - low > 1) {
    const middle = (low + high) >> 1
    if ((starts[middle] ?? 0) <= offset) low = middle
    else high = middle
  }
  return low + 1
}
