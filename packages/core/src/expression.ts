import { RE2JS } from 're2js'
import { CoreError, problem } from './errors.ts'
import { expressionCost } from './expression-cost.ts'
import { preview } from './text.ts'

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
 * repeats and without large classes has about one per character, so that whatever fits into a job fits here; 16,384 of them take 50 ms to compile (measured).
 */
export const MAX_EXPRESSION_INSTRUCTIONS = 16_384

/**
 * A regular expression in RE2's syntax, looked for anywhere in a text, in time that is linear in the text's length
 * whatever the expression. Throws `PATTERN_INVALID` with the reason for what RE2 does not have, and before anything is
 * compiled for an expression that would compile to more than `MAX_EXPRESSION_INSTRUCTIONS`.
 */
export function compileExpression(expression: string): (text: string) => boolean {
  return compileWithin(expression, { instructions: MAX_EXPRESSION_INSTRUCTIONS })
}

/** Compiles the expressions of one job, which share `MAX_EXPRESSION_INSTRUCTIONS`. Throws as `compileExpression` does. */
export function jobExpressions(): (expression: string) => (text: string) => boolean {
  const budget = { instructions: MAX_EXPRESSION_INSTRUCTIONS }
  return (expression) => compileWithin(expression, budget)
}

function compileWithin(expression: string, budget: { instructions: number }): (text: string) => boolean {
  const cost = expressionCost(expression)
  if (cost > budget.instructions) {
    const advice = `expressions of at most ${MAX_EXPRESSION_INSTRUCTIONS} instructions in all; repeats such as {100} multiply`
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
