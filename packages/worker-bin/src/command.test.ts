import { afterEach, expect, test, vi } from 'vitest'
import { parseWorkerConfig } from './command.ts'

const parse = (...argv: string[]) => parseWorkerConfig(argv, '1.2.3')

afterEach(() => {
  vi.unstubAllEnvs()
})

test('everything but the queue has a default', () => {
  expect(parse('--queue', 'sqlite:q.db', '--queue-name-prefix', 'studio')).toMatchObject({
    queue: 'sqlite:q.db',
    queueNamePrefix: 'studio',
    nfsConnections: 1,
    slots: 4,
    leaseMs: 60_000,
    original: true,
    exitWithParent: false,
    logLevel: 'info',
  })
})

test('the environment says what the command line does not', () => {
  vi.stubEnv('CACHEWARMER_QUEUE', 'sqlite:env.db')
  vi.stubEnv('QUEUE_PREFIX', 'from-env')
  vi.stubEnv('CACHEWARMER_CONCURRENCY', '7')
  expect(parse('--queue-name-prefix', 'studio')).toMatchObject({
    queue: 'sqlite:env.db',
    queueNamePrefix: 'studio',
    concurrency: 7,
  })
})

test('versions of NFS are a list of known ones', () => {
  expect(parse('--queue', 'sqlite:q.db', '--nfs-versions', '4.1, 3').nfsVersions).toEqual(['4.1', '3'])
  const exit = vi.spyOn(process, 'exit').mockImplementation(() => {
    throw new Error('exit')
  })
  const stderr = vi.spyOn(process.stderr, 'write').mockReturnValue(true)
  expect(() => parse('--queue', 'sqlite:q.db', '--nfs-versions', '3,5')).toThrow('exit')
  expect(exit).toHaveBeenCalledWith(2)
  expect(String(stderr.mock.calls.flat().join(''))).toContain('expected versions out of 3,4.0,4.1,4.2')
  vi.restoreAllMocks()
})

test("the original's command line means what it meant", () => {
  const original =
    '-storageAccountName studiocache -queueNamePrefix=studio -storageAccountResourceGroup rg -enableDebugging'
  const config = parse(...original.split(' '))
  expect(config).toMatchObject({ storageAccountName: 'studiocache', queueNamePrefix: 'studio', logLevel: 'debug' })
})

test.each([
  [['--debug'], 'debug'],
  [['--quiet'], 'error'],
  [[], 'info'],
])('%j logs from %s on', (argv, level) => {
  expect(parse(...argv).logLevel).toBe(level)
})
