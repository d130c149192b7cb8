import { describe, expect, test } from 'vitest'
import { isCoreError } from './errors.ts'
import { compileExpression } from './expression.ts'
import { compilePathRules, type PathRules } from './path-rules.ts'

const rules = (given: Partial<PathRules>): ((path: string) => boolean) => {
  const compiled = compilePathRules({ exportPath: '/', ...given })
  return (path) => compiled.file(path, path.slice(path.lastIndexOf('/') + 1))
}
const enters = (given: Partial<PathRules>): ((path: string) => boolean) => {
  const compiled = compilePathRules({ exportPath: '/', ...given })
  return (path) => compiled.directory(path, path.slice(path.lastIndexOf('/') + 1))
}

describe('rules of a priming manifest', () => {
  // The sample of Azure's documentation, with directories in one another besides.
  const sample: Partial<PathRules> = {
    directoryRules: [
      { path: '/lib/toollib', include: [], exclude: [] },
      { path: '/lib/otherlib', include: ['\\.py$'], exclude: [] },
      { path: '/lib/xsupport', include: ['\\.py$'], exclude: ['\\.elc$', '\\.pyc$'] },
      { path: '/lib/otherlib/raw', include: [], exclude: [] },
    ],
    includeExpressions: ['\\.txt$'],
    excludeExpressions: ['~$', '\\.bak$', '^secret'],
  }

  test.each([
    ['/lib/toollib/a.txt', true, 'the include for all'],
    ['/lib/toollib/a.py', false, 'the include for all'],
    ['/lib/toollib/secret.txt', false, 'the exclude for all, which goes before the include'],
    ['/lib/otherlib/a.py', true, "the directory's include"],
    ['/lib/otherlib/sub/a.py', true, "the directory's include, further down too"],
    ['/lib/otherlib/secret.py', true, "the directory's include, which goes before the exclude for all"],
    ['/lib/otherlib/a.txt', false, "the directory's include, which lets no other in"],
    ['/lib/xsupport/a.pyc', false, "the directory's exclude"],
    ['/lib/otherlib/raw/a.py', false, 'the inner directory, whose outer one counts no more'],
    ['/lib/otherlib/raw/a.txt', true, 'the inner directory, whose outer one counts no more'],
    ['/elsewhere/a.txt', true, 'the include for all'],
  ])('%s: %s by %s', (path, taken) => {
    expect(rules(sample)(path)).toBe(taken)
  })

  test('without any rule everything is taken', () => {
    expect(rules({})('/a/b')).toBe(true)
    expect(enters({})('/a/b')).toBe(true)
  })

  test('an expression with a slash is about the path that clients see, any other about the name', () => {
    expect(rules({ exportPath: '/lib', excludeExpressions: ['^/lib/x/'] })('/x/a')).toBe(false)
    expect(rules({ exportPath: '/lib', excludeExpressions: ['lib'] })('/x/a')).toBe(true)
  })

  test('directories are left out by excludes, but never on the way to one that has rules', () => {
    const given: Partial<PathRules> = {
      directoryRules: [
        { path: '/a', include: [], exclude: ['^old$'] },
        { path: '/a/old/keep', include: [], exclude: [] },
        { path: '/b', include: ['\\.py$'], exclude: [] },
      ],
      excludeExpressions: ['^tmp$'],
    }
    const seen = ['/a/tmp', '/a/x/old', '/a/old', '/a/old/keep', '/a/new', '/b/tmp'].filter(enters(given))
    expect(seen).toEqual(['/a/old', '/a/old/keep', '/a/new', '/b/tmp'])
  })
})

describe('an expression', () => {
  test.each([
    ['(?<=a)b', 'no look-behind'],
    ['(?<!a)b', 'no look-behind'],
    ['a(?=b)', 'no look-ahead'],
    ['(?!a)b', 'no look-ahead'],
    ['(a)\\1', 'no back-reference'],
    ['(?>a)', 'no atomic group'],
    ['a++', 'no possessive quantifier'],
    ['(a', 'missing'],
    ['[z-a]', 'invalid character class range'],
    ['a{2,1}', 'invalid repeat'],
  ])('%j is refused with the reason: %s', (expression, reason) => {
    try {
      compileExpression(expression)
      expect.unreachable()
    } catch (error) {
      expect(isCoreError(error) && error.code).toBe('PATTERN_INVALID')
      expect((error as Error).message).toContain(reason)
    }
  })

  test('takes time that is linear in the text, where others would take for ever', () => {
    const matches = compileExpression('^(a+)+$')
    expect(matches(`${'a'.repeat(5_000)}b`)).toBe(false)
    expect(matches('a'.repeat(5_000))).toBe(true)
  })

  test('matches names that are no UTF-8', () => {
    expect(compileExpression('^x.\\.py$')('x\udcff.py')).toBe(true)
    expect(compileExpression('é$')('café')).toBe(true)
  })
})
