import { RE2JS } from 're2js'
import { CoreError, problem } from '../errors.ts'
import { preview } from '../wire/text.ts'

/** Steps over one character, an escape or a class: where it ends. `lastName` is where the last name of a class ends (`[:alpha:]`). */
function afterAtom(expression: string, at: number, lastName: number): number {
  const character = expression[at]
  if (character === '\\') return afterEscape(expression, at)
  if (character !== '[') return at + 1
  let end = at + (expression[at + 1] === '^' ? 2 : 1)
  if (expression[end] === ']') end++
  while (end < expression.length && expression[end] !== ']') {
    if (expression[end] === '\\') end = afterEscape(expression, end)
    else if (expression.startsWith('[:', end) && end + 2 <= lastName) end = expression.indexOf(':]', end) + 2
    else end++
  }
  return end + 1
}

/** `\x{10FFFF}`, `\p{Greek}` and `\n` are one character each. */
function afterEscape(expression: string, at: number): number {
  const braced = /^\\[xpP]\{[^}]*\}/.exec(expression.slice(at, at + 64))
  return at + (braced?.[0].length ?? 2)
}

/** What a Unicode class such as `\pL` costs, as a table of hundreds of ranges is copied, and merged with others. */
const tableCost = 128
/** Characters of a folded range that cost one instruction together. */
const foldedAtOnce = 128
/** The last character that has another case. */
const lastFolded = 0x1e943

/**
 * What making a class costs, which no program size tells; its copies share it. Where case does not matter each character of
 * a range is looked at: at most as many as up to the last one that is named, a time for each "-".
 */
function classCost(text: string, foldsCase: boolean): number {
  const tables = text.match(/\\[pP]/g)?.length ?? 0
  const ranges = foldsCase && text.startsWith('[') ? text.split('-').length - 1 : 0
  return tables * tableCost + (ranges === 0 ? 0 : ranges * Math.ceil(lastNamed(text) / foldedAtOnce))
}

function lastNamed(text: string): number {
  let last = 0o777
  for (const [named, code] of text.matchAll(/\\x\{([^}]{0,16})\}|./gsu))
    last = Math.max(last, code === undefined ? (named.codePointAt(0) ?? 0) : Number.parseInt(code, 16) || 0)
  return Math.min(last, lastFolded)
}

interface Repeat {
  readonly copies: number
  readonly end: number
}

/** A quantifier at this place, as RE2 takes it: `{2,5}` is five copies, `{2,}` two and one that loops. */
function repeatAt(expression: string, at: number): Repeat | undefined {
  if ('*+?'.includes(expression[at] ?? ' ')) return { copies: 1, end: at + 1 }
  const braces = /^\{(\d{1,9})(,(\d{0,9}))?\}/.exec(expression.slice(at, at + 24))
  if (braces === null) return undefined
  const isOpen = braces[2] === ','
  const copies = Math.max(1, Number(braces[1]) + (isOpen ? 1 : 0), Number(braces[3] ?? 0))
  return { copies, end: at + braces[0].length }
}

/**
 * An upper bound of the instructions that an expression compiles to, and what its classes cost besides, told from its text in
 * linear time, so that one whose repeats multiply is refused before it takes the memory. A text that is no expression has a
 * cost all the same.
 */
export function expressionCost(expression: string): number {
  /** What stands before the groups that are open, outermost first; the last one is of where we are. */
  const outer: number[] = []
  let cost = 2
  const foldsCase = /\(\?[a-z-]*i/i.test(expression)
  const lastName = expression.lastIndexOf(':]')
  let classes = 0
  for (let at = 0; at < expression.length; ) {
    let atom = expression[at] === '|' ? 3 : 1
    let end: number
    if (expression[at] === '(') {
      outer.push(cost)
      // Both ends of a capture, and one instruction where there is nothing in it.
      cost = 3
      at += 1
      continue
    }
    if (expression.startsWith('\\Q', at)) {
      const close = expression.indexOf('\\E', at + 2)
      const stop = close < 0 ? expression.length : close
      // A quantifier behind the quotation repeats its last character alone: at most all of it.
      atom = Math.max(0, stop - at - 2)
      end = close < 0 ? stop : close + 2
    } else if (expression[at] === ')') {
      atom = cost
      cost = outer.pop() ?? 0
      end = at + 1
    } else {
      end = afterAtom(expression, at, lastName)
      if (end > at + 1) classes += classCost(expression.slice(at, end), foldsCase)
    }
    for (let repeat = repeatAt(expression, end); repeat !== undefined; repeat = repeatAt(expression, end)) {
      atom = (atom + 1) * repeat.copies + 1
      end = repeat.end
    }
    cost += atom
    at = end
  }
  return outer.reduce((sum, before) => sum + before, cost + classes)
}

/** What people write and RE2 has not, because no engine can do it in linear time. Looked for in this order. */
const beyondLinear: readonly (readonly [found: RegExp, what: string])[] = [
  [/\(\?<[=!]/, 'no look-behind, which takes more than linear time'],
  [/\(\?[=!]/, 'no look-ahead, which takes more than linear time'],
  [/\(\?>/, 'no atomic group, which takes more than linear time'],
  [/(?:^|[^\\])(?:\\\\)*\\(?:[1-9]|k[<{'])/, 'no back-reference, which takes more than linear time'],
  [/[*+?}]\+/, 'no possessive quantifier, which takes more than linear time'],
]

/**
 * Most instructions that the expressions of one job may compile to, with what their classes cost. An expression without
 * repeats and without large classes has about one per character, so that every such expression that fits into a job fits here; 16,384 of them take 50 ms to compile (measured).
 */
export const maxExpressionInstructions = 16_384

/**
 * A regular expression in RE2's syntax, looked for anywhere in a text, in time that is linear in the text's length
 * for every expression. Throws `PATTERN_INVALID` with the reason for what RE2 does not have, and before anything is
 * compiled for an expression that would compile to more than `maxExpressionInstructions`.
 */
export function compileExpression(expression: string): (text: string) => boolean {
  return compileWithin(expression, { instructions: maxExpressionInstructions })
}

/** Compiles the expressions of one job, which share `maxExpressionInstructions`. Throws as `compileExpression` does. */
export function jobExpressions(): (expression: string) => (text: string) => boolean {
  const budget = { instructions: maxExpressionInstructions }
  return (expression) => compileWithin(expression, budget)
}

function compileWithin(expression: string, budget: { instructions: number }): (text: string) => boolean {
  const cost = expressionCost(expression)
  if (cost > budget.instructions) {
    const advice = `expressions of at most ${maxExpressionInstructions} instructions in all; repeats such as {100} multiply`
    throw new CoreError('PATTERN_INVALID', [problem('expression', expression, advice)])
  }
  budget.instructions -= cost
  try {
    const compiled = RE2JS.compile(expression)
    return (text) => compiled.matcher(text).find()
  } catch (error) {
    const beyond = beyondLinear.find(([found]) => found.test(expression.slice(0, 1_000)))?.[1]
    const reason = error instanceof Error ? error.message.replace(/^error parsing regexp: /, '') : String(error)
    const expected = `a regular expression of RE2, ${beyond ?? preview(reason, { quote: false })}`
    throw new CoreError('PATTERN_INVALID', [problem('expression', expression, expected)], { cause: error })
  }
}
