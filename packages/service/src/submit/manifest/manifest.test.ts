import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isUsageError } from '../../cli/index.ts'
import { type Manifest, parseManifest } from './manifest.ts'

/** The sample of Azure's documentation. */
const sample = `{
    "config": {
        "cache_mode": "0",
        "maxreadsize": "0",
        "resolve_symlink": "0",
        "threads": "8",
        "skip_estimation": "0"
    },

    "files": [
        "/bin/tool.py",
        "/bin/othertool.py"
    ],

    "directories": [
        {"path": "/lib/toollib"},
        {
            "path": "/lib/otherlib",
            "include": ["\\\\.py$"]
        },
        {
            "path": "/lib/xsupport",
            "include": ["\\\\.py$"],
            "exclude": ["\\\\.elc$", "\\\\.pyc$"]
        }
    ],

    "include": ["\\\\.txt$"],
    "exclude": ["~$", "\\\\.bak$"]
}
`

const parse = (text: string, exportPath = '/'): Manifest => parseManifest(text, { name: 'prime.json', exportPath })

describe('a priming manifest', () => {
  test('as Azure documents it becomes paths, rules and a list', () => {
    expect(parse(sample)).toEqual({
      files: ['/bin/tool.py', '/bin/othertool.py'],
      fields: {
        Mode: 'data',
        WarmTargetPath: '/lib/toollib',
        WarmTargetPaths: ['/lib/otherlib', '/lib/xsupport'],
        IncludeExpressions: ['\\.txt$'],
        ExcludeExpressions: ['~$', '\\.bak$'],
        DirectoryRules: [
          { Path: '/lib/otherlib', Include: ['\\.py$'], Exclude: [] },
          { Path: '/lib/xsupport', Include: ['\\.py$'], Exclude: ['\\.elc$', '\\.pyc$'] },
        ],
      },
      warnings: [
        'config.threads: is of no use here and is passed over',
        'config.skip_estimation: is of no use here and is passed over',
      ],
    })
  })

  test.each([
    [{ cache_mode: 1 }, { Mode: 'metadata' }],
    [
      { cache_mode: '2', maxreadsize: 65_536 },
      { Mode: 'estimate', HeadBytes: 65_536 },
    ],
    [{ resolve_symlink: true }, { Symlinks: 'all' }],
  ])('with %j sets %j', (config, fields) => {
    expect(parse(JSON.stringify({ config, files: ['/f'] })).fields).toMatchObject(fields)
  })

  test('names paths as clients see them, export included', () => {
    const manifest = { files: ['/lib/f'], directories: [{ path: '/lib' }, { path: '/lib/x', exclude: '\\.bak$' }] }
    expect(parse(JSON.stringify(manifest), '/lib')).toMatchObject({
      files: ['/f'],
      fields: { WarmTargetPath: '/', WarmTargetPaths: ['/x'], DirectoryRules: [{ Path: '/x', Exclude: ['\\.bak$'] }] },
    })
  })

  test('keeps a directory without rules apart from one with rules that it lies in', () => {
    const manifest = { directories: [{ path: '/a', include: ['x'] }, { path: '/a/b' }, { path: '/c' }] }
    expect(parse(JSON.stringify(manifest)).fields['DirectoryRules']).toMatchObject([{ Path: '/a' }, { Path: '/a/b' }])
  })

  test.each([
    ['{\n "files": ["/a",]\n}', 'line 2: expected JSON'],
    ['', 'line 1: expected JSON'],
    ['{\n"files": ["/a"]\n// x\n}', 'line 3: expected JSON'],
    ['[]', 'line 1: the manifest: expected an object, got an empty list'],
    ['{"config": {}}', 'line 1: the manifest: expected files or directories'],
    ['{\n"file": ["/a"]}', 'line 2: file: expected one of config, files'],
    [
      '{"files": ["/a"], "include": "(\\u001b"}',
      'line 1: include: expected a regular expression of RE2, missing closing ): `(\\u001b`',
    ],
    ['{"\\u001b[2J": 1}', 'line 1: "\\u001b[2J": expected one of config, files'],
    ['{"files": [\n"/a",\n"/b",\n"/a"]}', 'line 4: files[2]: expected no path twice, got "/a"'],
    ['{"files": [\n"a"]}', 'line 2: files[0]: expected a path that begins with "/"'],
    ['{"files": [\n"/a/../../b"]}', 'line 2: files[0]: expected a path without ".."'],
    ['{"directories": [\n{"include": []}]}', 'line 2: directories[0].path: expected a path'],
    [
      '{"files": ["/a"], "config": {\n"cache_mode": "3"}}',
      'line 2: config.cache_mode: expected a whole number from 0 to 2, got "3"',
    ],
    ['{"files": ["/a"], "config": {\n\n"maxreadsize": -1}}', 'line 3: config.maxreadsize: expected a whole number'],
    [
      '{"directories": [\n{"path": "/a",\n"exclude": ["x",\n"(?<=a)b"]}]}',
      'line 4: directories[0].exclude[1]: expected a regular expression of RE2, no look-behind, which takes more than linear time, got "(?<=a)b"',
    ],
    [
      '{"files": ["/a"],\n"include": "(a)\\\\1"}',
      'line 2: include: expected a regular expression of RE2, no back-reference',
    ],
    [
      '{"files": ["/a"],\n"include": ["[a"]}',
      'line 2: include[0]: expected a regular expression of RE2, missing closing ]',
    ],
    ['{"files": ["/a"],\n"files": ["/b"]}', 'line 2: files: expected it to be there once'],
  ])('%j is refused: %s', (text, said) => {
    try {
      parse(text)
      expect.unreachable()
    } catch (error) {
      expect(isUsageError(error)).toBe(true)
      expect((error as Error).message).toContain(`prime.json, ${said}`)
    }
  })

  test('with a path outside of the export is refused with what was expected', () => {
    expect(() => parse('{"files": ["/bin/f"]}', '/lib')).toThrow('files[0]: expected a path below the export /lib')
  })

  test('any content is read or refused, with a line', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        try {
          parse(text)
        } catch (error) {
          expect(isUsageError(error)).toBe(true)
          expect((error as Error).message).toMatch(/^prime\.json, line \d+: /)
        }
      }),
    )
  })
})
