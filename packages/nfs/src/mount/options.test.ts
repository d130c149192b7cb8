import { expect, test } from 'vitest'
import { systemClock } from '../clock.ts'
import { systemResolve } from '../rpc/target.ts'
import { pathNames, resolveMountOptions } from './options.ts'

const least = { host: 'filer', exportPath: '/a' }

test('the defaults are those that the documentation promises', () => {
  const { machineName, ...settings } = resolveMountOptions(least)
  expect(machineName).toMatch(/^.{1,64}$/)
  expect(settings).toEqual({
    host: 'filer',
    exportPath: '/a',
    nfsPort: undefined,
    mountPort: undefined,
    portmapPort: 111,
    uid: 0,
    gid: 0,
    gids: [],
    connections: 1,
    longReadConnections: 0,
    timeoutMs: 20_000,
    retries: 2,
    jukeboxMs: 60_000,
    privilegedPort: 'auto',
    maxReadBytes: 1_048_576,
    maxPageBytes: 1_048_576,
    lingerMs: 1,
    cachedDirectories: 10_000,
    observer: {},
    signal: undefined,
    clock: systemClock,
    random: Math.random,
    resolve: systemResolve,
  })
})

test.each(['filer', 'filer-1.example.com', 'filer.', '10.0.0.1', '::1', 'fe80::1%eth0', 'under_score'])(
  '%s is a host',
  (host) => {
    expect(resolveMountOptions({ ...least, host }).host).toBe(host)
  },
)

test.each([
  ['host', ''],
  ['host', 'a b'],
  ['host', 'a\nb'],
  ['host', 'a\0'],
  ['host', 'evil\u001b[2J'],
  ['host', 'a/b'],
  ['host', 'user@filer'],
  ['host', 'a..b'],
  ['host', `${'a'.repeat(64)}.b`],
  ['host', `${'a.'.repeat(127)}aa`],
  ['host', 'filér'],
  ['host', 7],
  ['exportPath', ''],
  ['exportPath', 'a'],
  ['exportPath', '/a/../b'],
  ['exportPath', '/..'],
  ['exportPath', '/a/./b'],
  ['exportPath', '/a\0'],
  ['exportPath', '/\ud800'],
  ['exportPath', `/${'a'.repeat(1024)}`],
  ['exportPath', undefined],
  ['nfsPort', 0],
  ['nfsPort', 65_536],
  ['nfsPort', 2049.5],
  ['nfsPort', Number.NaN],
  ['nfsPort', '2049'],
  ['mountPort', -1],
  ['portmapPort', 0],
  ['uid', -1],
  ['gid', 2 ** 32],
  ['gids', Array.from({ length: 17 }, () => 1)],
  ['gids[1]', [1, -1]],
  ['machineName', 'm'.repeat(256)],
  ['connections', 0],
  ['connections', 65],
  ['timeoutMs', 0],
  ['retries', -1],
  ['jukeboxMs', Number.POSITIVE_INFINITY],
  ['privilegedPort', 'perhaps'],
  ['maxReadBytes', 1],
  ['maxPageBytes', 100],
  ['lingerMs', -1],
  ['cachedDirectories', -1],
])('%s can not be %j, and the error says so', (option, value) => {
  const [name = option] = option.split('[')
  const given = { ...least, [name]: value } as typeof least
  expect(() => resolveMountOptions(given)).toThrow(
    expect.objectContaining({ code: 'OPTION_INVALID', message: expect.stringContaining(option) }),
  )
})

test.each([
  ['/', '/'],
  ['/a/', '/a'],
  ['//a///b', '/a/b'],
  ['/a\udcff', '/a\udcff'],
  ['/...', '/...'],
])('the export %j is asked for as %j', (given, asked) => {
  expect(resolveMountOptions({ ...least, exportPath: given }).exportPath).toBe(asked)
})

test('a path has names, with or without slashes around them', () => {
  expect([pathNames('path', '/'), pathNames('path', ''), pathNames('path', 'a//b/')]).toEqual([[], [], ['a', 'b']])
})
