import assert from 'node:assert/strict'
import {
  compileFilter,
  decodeListChunk,
  decodeName,
  encodeListChunk,
  type ListChunk,
  ListPacker,
} from '@cachewarmer/core'
import { isVmssError, workerCloudInit } from '@cachewarmer/vmss'
import { parse } from 'yaml'
import { decodeName as decodeNfsName, encodeName } from '../../packages/nfs/src/xdr/names.ts'
import type { Files } from '../../packages/service/src/cli/files.ts'
import type { JobSettings } from '../../packages/service/src/cli/job-options.ts'
import { type ListedPath, readPaths } from '../../packages/service/src/submit/list.ts'
import { readJob } from '../../packages/service/src/submit/read-job.ts'
import { read, readLater, type Target, tellsMistake } from './target.ts'

/*
 * Input of people: files and settings of the programs.
 */

async function* piecesOf(bytes: Buffer, size: number): AsyncGenerator<Buffer, void> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

async function listed(bytes: Buffer, size: number, nul: boolean): Promise<ListedPath[]> {
  const paths: ListedPath[] = []
  for await (const some of readPaths(piecesOf(bytes, size), { name: 'list', nul })) paths.push(...some)
  return paths
}

/** The position of a path of a chunk. */
const pathsOf = ({ parts }: ListChunk): string[] =>
  parts.flatMap((part) => {
    if (part.kind === 'tree') return [`tree ${part.path}`]
    assert.equal(part.kind, 'files')
    return part.names.map((name) => `file ${part.directory === '/' ? '' : part.directory}/${name}`)
  })

/** A list of paths: read the same however it is cut, it leads nowhere else, and its chunks hold each path once. */
const list =
  (nul: boolean): Target =>
  async (bytes) => {
    const whole = await readLater(tellsMistake, () => listed(bytes, bytes.length, nul))
    const cut = await readLater(tellsMistake, () => listed(bytes, 1 + ((bytes[0] ?? 0) % 9), nul))
    assert.deepEqual(cut, whole)
    if (whole === undefined) return false
    const packer = new ListPacker('abcdefghijkl', { maxPaths: 3 })
    const chunks = whole.value.map(({ path, kind }) => packer.add(path, kind))
    const sent = [...chunks, packer.end()].filter((chunk) => chunk !== undefined)
    const received = sent.map((chunk) => decodeListChunk(encodeListChunk(chunk)))
    assert.deepEqual(
      received.flatMap(pathsOf).toSorted(),
      whole.value.map(({ path, kind }) => `${kind} ${path}`).toSorted(),
    )
    return true
  }

const filesWith = (bytes: Buffer): Files => ({
  readText: () => Promise.resolve(bytes.toString('utf8')),
  readBytes: () => piecesOf(bytes, 64),
})

/** A job that a file says, or has a part of: it is read, and its filters work. */
const jobBy =
  (settings: JobSettings): Target =>
  async (bytes) => {
    const found = await readLater(tellsMistake, () => readJob(settings, filesWith(bytes)))
    if (found === undefined) return false
    const filter = compileFilter(found.value.job)
    for (const path of ['/a/b.exr', `/${'a'.repeat(200)}`]) {
      filter.file(path, path.slice(path.lastIndexOf('/') + 1))
      filter.directory(path, path.slice(path.lastIndexOf('/') + 1))
    }
    return true
  }

/**
 * Lines of NAME=value that a machine is made with: nothing in one of them adds a file, a command, a line or a variable.
 */
const cloudInit: Target = (bytes) => {
  const pairs = bytes
    .toString('utf8')
    .split('\n')
    .map((line): [string, string] => [line.split('=', 1)[0] ?? '', line.slice(line.indexOf('=') + 1)])
  const given = Object.fromEntries(pairs)
  const environment = Object.fromEntries(
    pairs.flatMap(([name, value]) => (name.startsWith('env.') ? [[name.slice(4), value]] : [])),
  )
  const { address = '', exportPath = '/b', script = '/s', command, http = '', https = '', no = '', identity } = given
  const made = read(isVmssError, () =>
    workerCloudInit({
      source:
        command === undefined
          ? { from: 'export', address, exportPath, script }
          : { from: 'image', command: command.split(' ') as [string, ...string[]] },
      environment,
      proxy: { http, https, no },
      ...(identity === undefined ? {} : { identityId: identity }),
    }),
  )
  if (made === undefined) return false
  const shown = parse(made.value) as { write_files: { path: string; content: string }[]; runcmd: string[][] }
  const files = new Map(shown.write_files.map((file) => [file.path, file.content]))
  const unit = '/etc/systemd/system/cachewarmer-worker.service'
  const usual = [
    '/etc/cachewarmer/worker.env',
    '/usr/local/sbin/cachewarmer-bootstrap',
    '/usr/local/sbin/cachewarmer-self-delete',
    ...(command === undefined ? [] : [unit]),
    '/etc/systemd/system/cachewarmer-life-limit.service',
    '/etc/systemd/system/cachewarmer-life-limit.timer',
  ]
  assert.deepEqual([[...files.keys()], Object.keys(shown), shown.runcmd.length], [usual, usualKeys, 3])
  const variables = (files.get('/etc/cachewarmer/worker.env') ?? '').trimEnd().split('\n')
  for (const line of variables) assert.match(line, /^[A-Za-z_][A-Za-z0-9_]*='[^']*'$/)
  for (const [name, value] of Object.entries(environment)) assert.ok(variables.includes(`${name}='${value}'`))
  if (command !== undefined) assert.ok(files.get(unit)?.includes(`\nExecStart=${command}\nRestart=always\n`))
  return true
}

const usualKeys = ['package_update', 'package_upgrade', 'write_files', 'runcmd']

/** Bytes that a filer or a list calls a file: a text that is those bytes again for every reader. */
const name: Target = (bytes) => {
  const text = decodeName(bytes)
  assert.equal(decodeNfsName(bytes), text)
  assert.deepEqual(encodeName(text), Buffer.from(bytes))
  return text.isWellFormed()
}

/** By the names of their files in the corpus. */
export const given: Readonly<Record<string, Target>> = {
  list: list(false),
  'nul-list': list(true),
  rules: jobBy({ addresses: ['10.0.0.1'], export: '/animation', path: ['/'], rules: 'rules' }),
  'job-file': jobBy({ job: 'job.json' }),
  'cloud-init': cloudInit,
  name,
}
