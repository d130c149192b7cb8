import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isCoreError } from '../errors.ts'
import { compileExpression } from './expression.ts'
import { compileIgnoreRules, compilePathRules, type PathRules, parseIgnoreRule } from './filter.ts'

/** Whether a walk that leaves out directories as it goes leaves out the path. */
function leavesOut(lines: readonly string[], path: string, isDirectory = false): boolean {
  const ignored = compileIgnoreRules(lines)
  const names = path.split('/').slice(1)
  return names.some((name, at) =>
    ignored(`/${names.slice(0, at + 1).join('/')}`, name, at < names.length - 1 || isDirectory),
  )
}

describe('a rule file', () => {
  test.each([
    [['*.bak'], '/a/b.bak', true],
    [['*.bak'], '/a/b.bak2', false],
    [['/b'], '/a/b', false],
    [['/b'], '/b/c', true],
    [['a/b'], '/x/a/b', false],
    [['a/b'], '/a/b', true],
    [['**/a/b'], '/x/a/b', true],
    [['a/**'], '/a', false],
    [['a/**'], '/a/b/c', true],
    [['a/**/z'], '/a/z', true],
    [['a/'], '/x/a', false],
    [['a/'], '/x/a/f', true],
    [['*.exr', '!keep.exr'], '/keep.exr', false],
    [['!keep.exr', '*.exr'], '/keep.exr', true],
    [['/d', '!/d/keep'], '/d/keep', true],
    [['/d/*', '!/d/keep'], '/d/keep', false],
    [['# comment', '', '   '], '/# comment', false],
    [['\\#x'], '/#x', true],
    [['\\!x'], '/!x', true],
    [['x   '], '/x', true],
    [['x\\ '], '/x ', true],
    [['[!a]x'], '/bx', true],
    [['[!a]x'], '/ax', false],
    [['*'], '/.hidden', true],
    [['A'], '/a', false],
    [['?'], '/\udcff', true],
    [['\udcff*'], '/\udcffa', true],
  ] as [string[], string, boolean][])('%j about %j: %s', (lines, path, ignored) => {
    expect(leavesOut(lines, path)).toBe(ignored)
  })

  test.each(['[a', '!', '/', 'a\\'])('with the line %j is refused', (line) => {
    expect(() => parseIgnoreRule(line)).toThrow(
      expect.toSatisfy((error: unknown) => isCoreError(error) && error.code === 'PATTERN_INVALID'),
    )
  })

  test('takes no longer for a pattern of many stars', () => {
    const ignored = compileIgnoreRules([`${'*a'.repeat(60)}b`])
    expect(ignored(`/${'a'.repeat(4_000)}`, 'a'.repeat(4_000), false)).toBe(false)
  })
})

const hasGit = (() => {
  try {
    execFileSync('git', ['--version'])
    return true
  } catch {
    console.log('SKIPPED: rule files against git itself, because git is not installed')
    return false
  }
})()

test.skipIf(!hasGit)('says the same as git', { timeout: 60_000 }, () => {
  const place = mkdtempSync(join(tmpdir(), 'cw-ignore-'))
  const git = (args: readonly string[], input = ''): string =>
    execFileSync('git', ['-c', 'core.excludesFile=/dev/null', '-c', 'core.ignoreCase=false', ...args], {
      cwd: place,
      input,
      encoding: 'utf8',
      stdio: ['pipe', 'pipe', 'ignore'],
    })
  try {
    git(['init', '-q'])
    const name = fc.constantFrom('a', 'b', 'ab', 'abc', 'x.exr', '.h', 'b c', '!a', '#a')
    const paths = fc.sample(fc.array(name, { minLength: 1, maxLength: 4 }), { numRuns: 400, seed: 1 })
    // Each is a file of a tree, so that what lies above it is a directory to git.
    const files = paths.map((names) => names.map((one, at) => (at === names.length - 1 ? `${one}~` : one)).join('/'))
    for (const file of files) {
      mkdirSync(join(place, file, '..'), { recursive: true })
      writeFileSync(join(place, file), '')
    }
    const segment = fc.constantFrom(
      'a',
      'b',
      '*',
      '**',
      'a*',
      '?',
      '*.exr~',
      '[ab]',
      '[!a]*',
      'abc~',
      '*~',
      'b c',
      '.h',
      'x*',
    )
    const line = fc
      .tuple(
        fc.constantFrom('', '', '', '!'),
        fc.boolean(),
        fc.array(segment, { minLength: 1, maxLength: 3 }),
        fc.boolean(),
      )
      .map(
        ([mark, anchored, segments, directory]) =>
          `${mark}${anchored ? '/' : ''}${segments.join('/')}${directory ? '/' : ''}`,
      )
    fc.assert(
      fc.property(fc.array(line, { minLength: 1, maxLength: 5 }), (lines) => {
        writeFileSync(join(place, '.gitignore'), `${lines.join('\n')}\n`)
        const theirs = new Set(
          git(['ls-files', '--others', '--ignored', '--exclude-standard', '-z'])
            .split('\0')
            .filter((file) => file !== ''),
        )
        const ours = new Set([...new Set(files)].filter((file) => leavesOut(lines, `/${file}`)))
        expect([lines, [...ours].toSorted()]).toEqual([
          lines,
          [...theirs].filter((file) => file !== '.gitignore').toSorted(),
        ])
      }),
      { numRuns: 150 },
    )
  } finally {
    rmSync(place, { recursive: true })
  }
})

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
