import { RE2JS } from 're2js'
import { CoreError, problem } from './errors.ts'

/** What people write and RE2 has not, because no engine can do it in linear time. Looked for in this order. */
const beyondLinear: readonly (readonly [found: RegExp, what: string])[] = [
  [/\(\?<[=!]/, 'no look-behind, which takes more than linear time'],
  [/\(\?[=!]/, 'no look-ahead, which takes more than linear time'],
  [/\(\?>/, 'no atomic group, which takes more than linear time'],
  [/(?:^|[^\\])(?:\\\\)*\\(?:[1-9]|k[<{'])/, 'no back-reference, which takes more than linear time'],
  [/[*+?}]\+/, 'no possessive quantifier, which takes more than linear time'],
]

/**
 * A regular expression in RE2's syntax, looked for anywhere in a text, in time that is linear in the text's length
 * whatever the expression. Throws `PATTERN_INVALID` with the reason for what RE2 does not have.
 */
export function compileExpression(expression: string): (text: string) => boolean {
  try {
    const compiled = RE2JS.compile(expression)
    return (text) => compiled.matcher(text).find()
  } catch (error) {
    const beyond = beyondLinear.find(([found]) => found.test(expression))?.[1]
    const reason = error instanceof Error ? error.message.replace(/^error parsing regexp: /, '') : String(error)
    const expected = `a regular expression of RE2, ${beyond ?? reason}`
    throw new CoreError('PATTERN_INVALID', [problem('expression', expression, expected)], { cause: error })
  }
}
