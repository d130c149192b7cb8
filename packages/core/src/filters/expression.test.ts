import fc from 'fast-check'
import { RE2JS } from 're2js'
import { describe, expect, test } from 'vitest'
import { isCoreError } from '../errors.ts'
import { decodeJob } from '../job/codec.ts'
import { compileExpression, expressionCost, maxExpressionInstructions } from './expression.ts'

const atom = fc.constantFrom(
  '',
  'a',
  'ß',
  '💡',
  '.',
  '\\d',
  '\\pL',
  '\\p{Greek}',
  '\\x{10FFFF}',
  '[a-z]',
  '[^]]',
  '[]a]',
  '[[:alpha:]{9}]',
  '[\\]{3}]',
  '^',
  '$',
  '\\b',
  '\\Qa{9\\E',
  '(?i)k',
  '{',
  '}',
  '\\{',
)
const quantifier = fc.constantFrom('', '', '*', '+', '?', '*?', '{3}', '{0}', '{2,}', '{0,7}', '{7,9}?', '{,3}', '{1')
const { expression } = fc.letrec<{ expression: string; piece: string }>((tie) => ({
  piece: fc
    .tuple(
      fc.oneof(
        { maxDepth: 4 },
        atom,
        fc
          .tuple(fc.constantFrom('(', '(?:', '(?P<n>', '(?s:'), tie('expression'))
          .map(([open, inner]) => `${open}${inner})`),
        fc.tuple(tie('expression'), tie('expression')).map(([a, b]) => `(${a}|${b})`),
      ),
      quantifier,
    )
    .map(([what, often]) => what + often),
  expression: fc.array(tie('piece'), { maxLength: 4 }).map((pieces) => pieces.join('')),
}))

const instructions = (text: string): number | undefined => {
  try {
    return RE2JS.compile(text).programSize()
  } catch {
    return undefined
  }
}

const refused = (action: () => unknown): string => {
  try {
    action()
  } catch (error) {
    if (isCoreError(error)) return error.message
    throw error
  }
  return 'taken'
}

describe('the cost of an expression', () => {
  test('is at least what it compiles to', () => {
    fc.assert(
      fc.property(expression, (text) => {
        expect(expressionCost(text)).toBeGreaterThanOrEqual((instructions(text) ?? 2) - 2)
      }),
      { numRuns: 2_000 },
    )
  })

  test('is known for any text, and grows with its length at most where nothing repeats', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('(', ')', '[', ']', '\\', 'Q', 'E', ':', 'a', '|', '^'), maxLength: 60 }),
        (text) => {
          expect(expressionCost(text)).toBeLessThanOrEqual(3 * text.length + 2)
        },
      ),
    )
  })

  test('lets an expression without repeats be as long as a job may be', () => {
    expect(compileExpression('x'.repeat(maxExpressionInstructions - 2))('x')).toBe(false)
  })

  test.each(['a{0,1000}'.repeat(100), '((((a{9}){9}){9}){9}){9}', `(${'(a|b)'.repeat(500)}){20}`])(
    'refuses %.20s before it is compiled',
    (text) => {
      expect(refused(() => compileExpression(text))).toMatch(
        /^expression: expected expressions of at most 16384 instructions in all/,
      )
    },
  )

  test.each([
    ['a class whose ranges are folded', `(?i)[${'B-\\x{1e942}'.repeat(20)}]`],
    ['the same in another spelling', `(?i:[${'B-\u{1e942}'.repeat(20)}])`],
    ['many of them', `(?s-i)${'[B-\\x{1e942}]'.repeat(20)}`],
    ['tables of Unicode', '\\pL|'.repeat(200)],
    ['such tables in classes', '[^\\p{Lu}]'.repeat(200)],
  ])('has what classes take to be made: %s', (_, text) => {
    expect(refused(() => compileExpression(text))).toMatch(/^expression: expected expressions of at most 16384/)
  })

  test.each([
    '(?i)[^a-z0-9_.-]+\\.(exr|tiff?)$',
    '(?i)[a-z一-龥_-]{1,200}',
    '[^\\x{0}-\\x{7f}]',
    '\\p{L}{1,200}_\\p{N}',
  ])('lets %s be', (text) => {
    expect(refused(() => compileExpression(text))).toBe('taken')
  })
})

describe('the expressions of a job', () => {
  const job = (fields: object): string =>
    JSON.stringify({
      WarmTargetMountAddresses: ['10.0.0.1'],
      WarmTargetExportPath: '/',
      WarmTargetPath: '/',
      ...fields,
    })

  test('share one budget, whichever field they stand in', () => {
    const third = 'a{0,1000}'.repeat(3)
    const given = {
      IncludeExpressions: [third],
      ExcludeExpressions: [third],
      DirectoryRules: [{ Path: '/a', Exclude: [third] }],
    }
    expect(refused(() => decodeJob(job({ ...given, ExcludeExpressions: [] })))).toBe('taken')
    expect(refused(() => decodeJob(job(given)))).toMatch(
      /DirectoryRules\[0\]\.Exclude\[0\]: expected expressions of at most/,
    )
  })

  test('are refused without being compiled where they are 64 times 900 bytes of repeats', () => {
    const text = job({ IncludeExpressions: Array.from({ length: 64 }, (_, at) => `${'a{0,1000}'.repeat(100)}${at}`) })
    expect(text.length).toBeGreaterThan(57_000)
    expect(refused(() => decodeJob(text))).toMatch(/IncludeExpressions\[0\]: expected expressions of at most/)
  })
})
