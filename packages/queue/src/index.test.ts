import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const surfaces: Readonly<Record<string, readonly string[]>> = {
  '.': [
    'QueueError',
    'consume',
    'isQueueError',
    'jsonCodec',
    'keepLease',
    'memoryService',
    'orIfAbsent',
    'queueLimits',
    'send',
    'silentLogger',
    'sleep',
    'steadyClock',
    'systemClock',
    'textCodec',
    'withRetry',
    'work',
  ],
  './open': ['openService'],
  './sqlite': ['openPrivately', 'openSqliteService', 'unfitFilesystem', 'watchFile'],
  './azure': ['openAzureService'],
  './testing': ['describeQueueService', 'fakeClock', 'fakeCredential', 'faultyService', 'makeCertificate'],
}

interface Manifest {
  readonly exports: Readonly<Record<string, { readonly types: string; readonly default: string }>>
}

const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as Manifest

test('the entry points are these', () => {
  expect(Object.keys(manifest.exports)).toEqual([...Object.keys(surfaces), './package.json'])
})

test.each(Object.entries(surfaces))('the exports of %s change only on purpose', async (entry, names) => {
  const source = manifest.exports[entry]?.default.replace('./dist/', './').replace('.js', '.ts')
  expect(Object.keys(await import(/* @vite-ignore */ `${source}`)).sort()).toEqual(names)
})

test('no entry point but ./azure needs an Azure package', () => {
  for (const entry of Object.keys(surfaces).filter((name) => name !== './azure')) {
    const start = manifest.exports[entry]?.default.replace('./dist/', './').replace('.js', '.ts') ?? ''
    expect([...reachable(start, new Set())].filter((name) => name.startsWith('@azure/'))).toEqual([])
  }
})

/** What a module loads at once, and what that loads: `import type` and `import()` do not count. */
function reachable(file: string, seen: Set<string>): Set<string> {
  if (seen.has(file) || !file.startsWith('.')) return seen.add(file)
  seen.add(file)
  const url = new URL(file, import.meta.url)
  for (const [, name] of readFileSync(url, 'utf8').matchAll(/^(?:import|export) (?!type)[^;'"]*? from '([^']+)'/gm)) {
    if (name === undefined) continue
    const next = name.startsWith('.')
      ? `./${new URL(name, url).href.slice(new URL('.', import.meta.url).href.length)}`
      : name
    reachable(next, seen)
  }
  return seen
}
