import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { Compile } from 'typebox/schema'
import { describe, expect, test } from 'vitest'
import { arbJob } from '../../test/arbitraries.ts'
import { CoreError } from '../errors.ts'
import { aJob } from '../testing/index.ts'
import { toWire } from '../wire/text.ts'
import { decodeJob, encodeJob, makeJob, parseJob } from './codec.ts'
import { Job, maxSpecBytes } from './fields.ts'

const sample = (name: string): string =>
  readFileSync(new URL(`../../fixtures/${name}.json`, import.meta.url), 'utf8').trim()

const fields = (more: Record<string, unknown> = {}): Record<string, unknown> => ({
  WarmTargetMountAddresses: ['10.0.1.11'],
  WarmTargetExportPath: '/animation',
  WarmTargetPath: '/scene1',
  ...more,
})

/** Problems as `field: expected`. */
const problemsOf = (given: Record<string, unknown>, strict = false): string[] => {
  try {
    parseJob(given, { strict })
  } catch (error) {
    if (!(error instanceof CoreError)) throw error
    expect(error.code).toBe('JOB_INVALID')
    return error.problems.map(({ field, expected }) => `${field}: ${expected}`)
  }
  return []
}

describe('a job of the original', () => {
  test.each<[string, Partial<Job>]>([
    ['job-1', { paths: ['/'] }],
    ['job-2', { paths: ['/few'], include: ['*.exr', '*.dat'], exclude: ['*.tmp'], maxFileSizeBytes: 1_048_576 }],
  ])('%s just works, and is written again byte for byte', (name, expected) => {
    const addresses = ['10.0.1.11', '10.0.1.12', '10.0.1.13']
    const job = aJob({ addresses, exportPath: '/exp', ...expected })
    expect(decodeJob(sample(name))).toEqual({ job, warnings: [] })
    expect(encodeJob(job)).toBe(sample(name))
  })

  test('may come with the line ends of Windows, escaped once more than XML undoes', () => {
    const text = JSON.stringify(JSON.parse(encodeJob(aJob({ include: ['a&#xD;b'] }))), undefined, 2)
    expect(decodeJob(text.replaceAll('\n', '&#xD;\n')).job).toEqual(aJob({ include: ['a&#xD;b'] }))
  })

  test('may come in base64, with keys in any case, null lists and without what is optional', () => {
    const text =
      '{"warmTargetMountAddresses":["10.0.1.11"],"WARMTARGETEXPORTPATH":"/animation","warmtargetpath":"/scene1","inclusionList":null}'
    expect(decodeJob(Buffer.from(text).toString('base64'))).toEqual({ job: aJob(), warnings: [] })
  })
})

test('every job survives the round trip without a warning', () => {
  fc.assert(
    fc.property(arbJob, (job) => {
      expect(decodeJob(encodeJob(job))).toEqual({ job, warnings: [] })
      expect(makeJob(job)).toEqual({ job, warnings: [] })
    }),
  )
})

test('what is read always fits the schema of the normalized job, and comes back from its own message', () => {
  const compiled = Compile(Job)
  const value: fc.Arbitrary<unknown> = fc.oneof(
    fc.constantFrom<unknown>(undefined, null, 1, 0, 50, 'each', 'Files', '/a', 'a/b', '2026-01-31T08:00:00Z'),
    fc.array(fc.constantFrom('a', '/a', '/a/b', '*.x', '', '10.0.0.1', 'B'), { maxLength: 4 }),
  )
  const keys = [
    'WarmTargetMountAddresses',
    'WarmTargetExportPath',
    'WarmTargetPath',
    'WarmTargetPaths',
    'InclusionList',
    'ExclusionList',
    'ExcludeDirectories',
    'MaxFileSizeBytes',
    'MinFileSizeBytes',
    'ModifiedSince',
    'HeadBytes',
    'Through',
    'Mode',
    'Symlinks',
    'JobId',
    'Weight',
    'MaxBytesPerSecond',
    'MaxRequestsPerSecond',
    'MaxWorkers',
  ]
  const changes = fc.dictionary(fc.constantFrom(...keys), value, { maxKeys: 2, noNullPrototype: true })
  let read = 0
  fc.assert(
    fc.property(changes, (changed) => {
      const given = fields(changed)
      if (problemsOf(given).length > 0) return
      read++
      const { job } = parseJob(given)
      expect([compiled.Check(job), Object.values<unknown>(job).includes(undefined)]).toEqual([true, false])
      expect(decodeJob(encodeJob(job))).toEqual({ job, warnings: [] })
    }),
    { numRuns: 1_000 },
  )
  expect(read).toBeGreaterThan(50)
})

test('our keys are written only where they are not default, after those of the original', () => {
  const job = aJob({
    paths: ['/a', '/b'],
    jobId: 'nightly',
    headBytes: 65_536,
    through: 'spread',
    mode: 'metadata',
    minFileSizeBytes: 1,
    modifiedSince: '2026-01-31T08:00:00Z',
    excludeDirectories: ['tmp'],
    symlinks: 'files',
    weight: 20,
    maxBytesPerSecond: 2,
    maxRequestsPerSecond: 3,
    maxWorkers: 4,
  })
  expect(Object.entries(JSON.parse(encodeJob(job)) as object)).toEqual([
    ['WarmTargetMountAddresses', ['10.0.1.11']],
    ['WarmTargetExportPath', '/animation'],
    ['WarmTargetPath', '/a'],
    ['InclusionList', []],
    ['ExclusionList', []],
    ['MaxFileSizeBytes', 0],
    ['JobId', 'nightly'],
    ['WarmTargetPaths', ['/b']],
    ['HeadBytes', 65_536],
    ['Through', 'spread'],
    ['Mode', 'metadata'],
    ['MinFileSizeBytes', 1],
    ['ModifiedSince', '2026-01-31T08:00:00Z'],
    ['ExcludeDirectories', ['tmp']],
    ['Symlinks', 'files'],
    ['Weight', 20],
    ['MaxBytesPerSecond', 2],
    ['MaxRequestsPerSecond', 3],
    ['MaxWorkers', 4],
  ])
})

describe('what is odd but does no harm', () => {
  test.each<[string, Record<string, unknown>, Partial<Job>, string[]]>([
    ['an unknown key', { Priority: 1 }, {}, ['unknown key "Priority" is ignored']],
    [
      'a key twice in another case',
      { JobId: 'a', jobid: 'b' },
      { jobId: 'b' },
      ['"JobId" and "jobid" are the same key: the last one counts'],
    ],
    [
      'an address twice',
      { WarmTargetMountAddresses: ['Cache-1', 'cache-1', 'cache-2'] },
      { addresses: ['cache-1', 'cache-2'] },
      ['WarmTargetMountAddresses: "cache-1" is there twice'],
    ],
    [
      'an empty pattern',
      { InclusionList: ['', '*.exr'] },
      { include: ['*.exr'] },
      ['InclusionList: empty entries are ignored'],
    ],
    [
      'a path twice',
      { WarmTargetPaths: ['/scene1/', '/scene2'] },
      { paths: ['/scene1', '/scene2'] },
      ['WarmTargetPaths: paths that are there twice are warmed once'],
    ],
    [
      'a path inside another',
      { WarmTargetPath: '/scene1/shots', WarmTargetPaths: ['/scene1', '/scene10'] },
      { paths: ['/scene1', '/scene10'] },
      ['"/scene1/shots" lies inside "/scene1" and is warmed with it'],
    ],
  ])('%s is warned of', (_, more, expected, warnings) => {
    expect(parseJob(fields(more))).toEqual({ job: aJob(expected), warnings })
  })

  test('hundreds of unknown keys are not warned of one by one', () => {
    const unknown = Object.fromEntries(Array.from({ length: 500 }, (_, at) => [`Key${at}`, at]))
    const { warnings } = parseJob(fields(unknown))
    expect([warnings.length, warnings.at(-1)]).toEqual([21, '480 more unknown keys are ignored'])
  })

  test.each<[string, Record<string, unknown>, Partial<Job>]>([
    ['a path that does not begin with "/" begins at the root', { WarmTargetPath: 'scene1/' }, { paths: ['/scene1'] }],
    [
      'paths may be given as the list alone',
      { WarmTargetPath: null, WarmTargetPaths: ['/a', 'b'] },
      { paths: ['/a', '/b'] },
    ],
    ['slashes and dots too many are dropped', { WarmTargetExportPath: '//animation/./' }, { exportPath: '/animation' }],
    ['choices may be in capitals', { Through: 'SPREAD', Symlinks: 'All' }, { through: 'spread', symlinks: 'all' }],
    ['a ceiling of 0 is none', { MaxWorkers: 0, MaxBytesPerSecond: 0, MaxRequestsPerSecond: 0 }, {}],
    ['null is as good as absent', { JobId: null, HeadBytes: null, Weight: null, Mode: null, ModifiedSince: null }, {}],
    ['spaces around an address are dropped', { WarmTargetMountAddresses: [' 10.0.1.11 '] }, {}],
    [
      'names may be anything that a filer allows',
      { WarmTargetPath: '/a "b"\n\udc80é' },
      { paths: ['/a "b"\n\udc80é'] },
    ],
  ])('%s', (_, more, expected) => {
    expect(parseJob(fields(more))).toEqual({ job: aJob(expected), warnings: [] })
  })
})

describe('a job is refused', () => {
  const whichPath = 'WarmTargetPath: a path within the export, "/" for all of it'
  const whichExport = 'WarmTargetExportPath: the path of an export, which begins with "/"'
  const address = 'an IPv4 address, an IPv6 address without zone, or a host name'

  test.each<[string, Record<string, unknown>, string[]]>([
    ['without addresses', { WarmTargetMountAddresses: null }, ['WarmTargetMountAddresses: at least one address']],
    ['with a text for a list', { WarmTargetMountAddresses: '10.0.0.1' }, ['WarmTargetMountAddresses: a list of texts']],
    ['with a number in a list', { InclusionList: ['', 'a', 7] }, ['InclusionList[2]: a text']],
    [
      'with an address that is none',
      { WarmTargetMountAddresses: ['10.0.1.11', '10.0.0.256'] },
      [`WarmTargetMountAddresses[1]: ${address}`],
    ],
    [
      'with a shell for an address',
      { WarmTargetMountAddresses: ['a', '$(reboot)'] },
      [`WarmTargetMountAddresses[1]: ${address}`],
    ],
    [
      'with too many addresses',
      { WarmTargetMountAddresses: Array.from({ length: 65 }, (_, at) => `10.0.0.${at}`) },
      ['WarmTargetMountAddresses: at most 64 addresses'],
    ],
    ['without an export', { WarmTargetExportPath: '' }, [whichExport]],
    ['with a relative export', { WarmTargetExportPath: 'animation' }, [whichExport]],
    ['with an export that climbs', { WarmTargetExportPath: '/a/..' }, ['WarmTargetExportPath: a path without ".."']],
    [
      'with a long export',
      { WarmTargetExportPath: `/${'é'.repeat(512)}` },
      ['WarmTargetExportPath: a path of at most 1024 bytes'],
    ],
    ['without a path', { WarmTargetPath: undefined }, [whichPath]],
    ['with an empty path', { WarmTargetPath: '' }, [whichPath]],
    ['with a number for a path', { WarmTargetPath: 1 }, ['WarmTargetPath: a text']],
    ['with a path that climbs', { WarmTargetPath: '../../../../../../etc' }, ['WarmTargetPath: a path without ".."']],
    [
      'with a further path that climbs',
      { WarmTargetPaths: ['/a', '/a/../b'] },
      ['WarmTargetPaths[1]: a path without ".."'],
    ],
    ['with NUL in a path', { WarmTargetPath: '/a\0b' }, ['WarmTargetPath: a path without NUL']],
    [
      'with a path that is no bytes',
      { WarmTargetPath: '/\ud800' },
      ['WarmTargetPath: a path whose lone surrogates are U+DC80..U+DCFF'],
    ],
    ['with a bad pattern', { InclusionList: ['', '*.exr', '[a'] }, ['InclusionList[2]: a "]" for every "["']],
    [
      'with a bad pattern of paths',
      { ExclusionList: ['a//b'] },
      ['ExclusionList[0]: names between its "/", and none at its end'],
    ],
    [
      'with a bad pattern of directories',
      { ExcludeDirectories: ['\\'] },
      ['ExcludeDirectories[0]: a character after the last "\\"'],
    ],
    ['with a negative size', { MaxFileSizeBytes: -1 }, ['MaxFileSizeBytes: a whole number, 0 or more']],
    ['with half a byte', { MinFileSizeBytes: 0.5 }, ['MinFileSizeBytes: a whole number, 0 or more']],
    [
      'with a size beyond what is exact',
      { MaxFileSizeBytes: 2 ** 53 },
      ['MaxFileSizeBytes: a whole number, 0 or more'],
    ],
    ['with a number as text', { MaxFileSizeBytes: '1' }, ['MaxFileSizeBytes: a whole number, 0 or more']],
    [
      'with sizes that nothing has',
      { MinFileSizeBytes: 2, MaxFileSizeBytes: 1 },
      ['MinFileSizeBytes: no more than MaxFileSizeBytes'],
    ],
    ['with no bytes to read', { HeadBytes: 0 }, ['HeadBytes: a whole number, 1 or more']],
    ['with a weight of 0', { Weight: 0 }, ['Weight: a whole number from 1 to 100']],
    ['with a weight of 101', { Weight: 101 }, ['Weight: a whole number from 1 to 100']],
    ['with an unknown way', { Through: 'some' }, ['Through: "each" or "spread"']],
    ['with an unknown mode', { Mode: 1 }, ['Mode: "data" or "metadata" or "estimate"']],
    [
      'with a time without zone',
      { ModifiedSince: '2026-01-31T08:00:00' },
      ['ModifiedSince: a time as 2026-01-31T08:00:00Z, with a zone, or "last"'],
    ],
    [
      'with a day that is none',
      { ModifiedSince: '2026-02-30T08:00:00Z' },
      ['ModifiedSince: a time as 2026-01-31T08:00:00Z, with a zone, or "last"'],
    ],
    [
      'with an hour that is none',
      { ModifiedSince: '2026-01-31T25:00:00Z' },
      ['ModifiedSince: a time as 2026-01-31T08:00:00Z, with a zone, or "last"'],
    ],
    ['with a label that is no text', { JobId: 7 }, ['JobId: a text']],
    ['with a label of two lines', { JobId: 'a\nb' }, ['JobId: a label of at most 128 printable characters']],
    ['with a long label', { JobId: 'x'.repeat(129) }, ['JobId: a label of at most 128 printable characters']],
  ])('%s', (_, more, problems) => {
    expect(problemsOf(fields(more))).toEqual(problems)
  })

  test('for a path that climbs alone, not for lying inside another', () => {
    const { warnings } = parseJob(fields({ WarmTargetPaths: ['/scene2'] }))
    expect([warnings, problemsOf(fields({ WarmTargetPaths: ['/../x'] }))]).toEqual([
      [],
      ['WarmTargetPaths[0]: a path without ".."'],
    ])
  })

  test('with all problems at once, each with its value', () => {
    expect(() => decodeJob('{"WarmTargetPath":"..","Weight":0}')).toThrow(
      'WarmTargetMountAddresses: expected at least one address, got nothing; ' +
        'WarmTargetExportPath: expected the path of an export, which begins with "/", got nothing; ' +
        'WarmTargetPath: expected a path without "..", got ".."; Weight: expected a whole number from 1 to 100, got 0',
    )
  })

  test.each(['', '{', '[]', '"job"', 'null', '7', '{}x'])('that is no JSON object: %j', (text) => {
    expect(() => decodeJob(text)).toThrow(expect.objectContaining({ code: 'JOB_INVALID' }))
  })

  test('that is larger than a message', () => {
    const text = JSON.stringify(fields({ InclusionList: ['x'.repeat(70_000)] }))
    expect(() => decodeJob(text)).toThrow(expect.objectContaining({ code: 'TOO_LARGE' }))
  })

  test('that is larger than a status can carry, with advice', () => {
    const include = Array.from({ length: 400 }, (_, at) => `${'x'.repeat(40)}${at}`)
    expect(problemsOf(fields({ InclusionList: include }))).toEqual([
      `job: at most ${maxSpecBytes} bytes in all: shorten the lists, or submit several jobs`,
    ])
    expect(() => encodeJob(aJob({ include }))).toThrow(expect.objectContaining({ code: 'TOO_LARGE' }))
  })

  test('that is a byte too large, and none that is not', () => {
    const room = maxSpecBytes - toWire(aJob({ include: [''] })).length
    expect(problemsOf(fields({ InclusionList: ['x'.repeat(room)] }))).toEqual([])
    expect(problemsOf(fields({ InclusionList: ['x'.repeat(room + 1)] }))).toHaveLength(1)
  })
})

describe('a person at the command line', () => {
  test('learns of unknown keys', () => {
    expect(problemsOf(fields({ Priority: 1, maxfilesizebytes: 3 }), true)).toEqual(['Priority: no such key'])
  })

  test('gives what matters, and the rest is default', () => {
    const { job } = makeJob({ addresses: ['10.0.1.11'], exportPath: '/animation', paths: ['scene1'] })
    expect(job).toEqual(aJob())
  })

  test('learns of every problem by its key in the message', () => {
    expect(() => makeJob({ addresses: [], exportPath: '/a', paths: [] })).toThrow(
      expect.objectContaining({
        problems: ['WarmTargetMountAddresses', 'WarmTargetPath'].map((field) => expect.objectContaining({ field })),
      }),
    )
  })
})
