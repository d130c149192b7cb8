import {
  compileFilter,
  decodeControl,
  decodeFailureList,
  decodeItem,
  decodeJob,
  decodeLegacyWork,
  decodeListChunk,
  decodeResult,
  decodeStatus,
  encodeControl,
  encodeFailureList,
  encodeItem,
  encodeJob,
  encodeListChunk,
  encodeResult,
  Prefix,
  parseAddress,
} from '@cachewarmer/core'
import { isNfsError, parseNfsUrl } from '@cachewarmer/nfs'
import { isQueueError, systemClock } from '@cachewarmer/queue'
import { isUsageError, translateLegacyFlags } from '@cachewarmer/service/cli'
import { instanceMetadata, isVmssError } from '@cachewarmer/vmss'
import { isWalkError } from '@cachewarmer/walker'
import { runCommandLine } from '../../packages/manager-bin/src/command-line.ts'
import { EXPORT, MNT } from '../../packages/nfs/src/mount/mount3.ts'
import { GETPORT } from '../../packages/nfs/src/mount/ports.ts'
import { LOOKUP, READDIR, READDIRPLUS } from '../../packages/nfs/src/nfs3/directories.ts'
import { FSINFO, FSSTAT } from '../../packages/nfs/src/nfs3/file-system.ts'
import { READ, READLINK } from '../../packages/nfs/src/nfs3/files.ts'
import { GETATTR } from '../../packages/nfs/src/nfs3/objects.ts'
import type { Procedure } from '../../packages/nfs/src/rpc/call.ts'
import { decodeCall, decodeReply } from '../../packages/nfs/src/rpc/message.ts'
import { RecordReader } from '../../packages/nfs/src/rpc/record.ts'
import { XdrReader } from '../../packages/nfs/src/xdr/reader.ts'
import { connect } from '../../packages/queue/src/azure/connect.ts'
import { queueAccess } from '../../packages/service/src/cli/queues.ts'
import { parseManifest } from '../../packages/service/src/submit/manifest/manifest.ts'
import { makeProgram } from '../../packages/submit-bin/src/program.ts'
import { readPosition, writePosition } from '../../packages/walker/src/mounts/nfs/listing.ts'
import { parseWorkerConfig } from '../../packages/worker-bin/src/command.ts'
import { claims, expression } from './claims.ts'
import { given } from './given.ts'
import { HostileLink } from './hostile-link.ts'
import { type Ended, inside } from './inside.ts'
import { pageRequest, steering } from './page.ts'
import { type Guard, read, speaksPlainly, type Target } from './target.ts'

/** A message: a value that is the same when it is written and read again, or an error that says what is wrong. */
const message =
  <T>(decode: (text: string) => T, encode?: (value: T) => string): Target =>
  (bytes) => {
    const found = read(speaksPlainly, () => decode(bytes.toString('utf8')))
    if (found === undefined) return false
    if (encode === undefined) return true
    const again = decode(encode(found.value))
    if (JSON.stringify(again) !== JSON.stringify(found.value)) throw new Error('it reads differently the second time')
    return true
  }

/** A job, and the filters that it asks for. */
const job: Target = (bytes) => {
  const found = read(speaksPlainly, () => decodeJob(bytes.toString('utf8')).job)
  if (found === undefined) return false
  void message((text) => decodeJob(text).job, encodeJob)(bytes)
  const filter = compileFilter(found.value)
  for (const path of ['/', '/a/b.exr', `/${'a'.repeat(200)}`]) {
    filter.file(path, path.slice(path.lastIndexOf('/') + 1))
    filter.directory(path, path.slice(path.lastIndexOf('/') + 1))
  }
  return true
}

/** A list of paths to warm, written by hand or by another program: no path of it leads out of the export. */
const manifest: Target = (bytes) => {
  const options = { name: 'manifest.json', exportPath: '/nfs/node1' }
  const found = read(
    (error) => isUsageError(error) && /^[ -~\n]+$/.test(error.message),
    () => parseManifest(bytes.toString('utf8'), options),
  )
  const { files = [], fields = {} } = found?.value ?? {}
  const paths = [...files, ...[fields['WarmTargetPath'] ?? [], fields['WarmTargetPaths'] ?? []].flat().map(String)]
  for (const path of paths)
    if (!path.startsWith('/') || path.split('/').some((name) => name === '..' || name === '.'))
      throw new Error(`it leads to ${path}`)
  return found !== undefined
}

/** The position at which an item's listing resumes. */
const position: Target = (bytes) => {
  const text = bytes.toString('utf8')
  const found = read(isWalkError, () => readPosition('space', text))
  if (found === undefined) return false
  const again = readPosition('space', writePosition('space', found.value))
  if (again.cookie !== found.value.cookie || again.cookieVerifier !== found.value.cookieVerifier)
    throw new Error('it reads differently the second time')
  return true
}

const handle = 'handle' as never
const at = { directory: handle, cookie: 0n, cookieVerifier: 0n, count: 8_192 }
const procedures: readonly (readonly [Procedure<never, unknown>, unknown])[] = [
  [GETATTR, handle],
  [LOOKUP, { directory: handle, name: 'a' }],
  [READ, { handle, offset: 0n, count: 4_096 }],
  [READDIR, at],
  [READDIRPLUS, at],
  [READLINK, handle],
  [FSINFO, handle],
  [FSSTAT, handle],
  [MNT, '/a'],
  [EXPORT, undefined],
  [GETPORT, { program: 100_003, version: 3 }],
]

/** The results of every procedure: the first byte says which. */
const results: Target = (bytes) => {
  const [procedure, args] = procedures[(bytes[0] ?? 0) % procedures.length] ?? [GETATTR, handle]
  return (
    read(isNfsError, () => procedure.decode(new XdrReader(bytes, Math.min(1, bytes.length)), args as never)) !==
    undefined
  )
}

const rpc: Target = (bytes) => {
  const reply = read(isNfsError, () => decodeReply(new XdrReader(bytes)))
  const call = read(isNfsError, () => decodeCall(new XdrReader(bytes)))
  return reply !== undefined || call !== undefined
}

/** A stream comes out the same however TCP cuts it; the first byte says where. */
const records: Target = (bytes) => {
  const cutAt = Math.max(1, bytes[0] ?? 1)
  const collect = (size: number): string => {
    const seen: string[] = []
    const reader = new RecordReader(
      {
        keep: () => 64,
        record: (kept, start, length, whole) =>
          void seen.push(`${whole}:${kept.toString('hex', start, start + Math.min(64, length))}`),
      },
      1 << 20,
    )
    const stream = bytes.subarray(1)
    read(isNfsError, () => {
      for (let from = 0; from < stream.length; from += size) reader.push(stream.subarray(from, from + size))
    })
    return seen.join()
  }
  const whole = collect(Number.MAX_SAFE_INTEGER)
  if (collect(cutAt) !== whole) throw new Error(`cut into pieces of ${cutAt} it differs`)
  return whole !== ''
}

/**
 * What a hostile server sends over a link on which a few calls are out: fragments, whole records with xids of its own
 * or of the calls, in pieces. Each byte pair of the input is one of them. For every sequence the link ends or nothing
 * grows: no more replies are taken than calls allow, and no record of more fragments than its bytes can need.
 */
const link: Target = async (bytes) => {
  const open = new HostileLink(1 + ((bytes[0] ?? 0) % 8))
  for (let at = 1; at + 1 < bytes.length && !open.isOver; at += 2) {
    const [kind = 0, many = 0] = [bytes[at], bytes[at + 1]]
    for (let n = 0; n < many * 16 && !open.isOver; n++) open.send(kind)
  }
  const { replies, calls, fragments, recordBytes } = open
  if (replies > 2 * calls + 2_000) throw new Error(`${replies} replies were taken for ${calls} calls`)
  if (fragments > 100 + recordBytes / 128) throw new Error(`${fragments} fragments made no record`)
  open.close()
  await Promise.resolve()
  return open.answered > 0
}

const nfsUrl: Target = (bytes) => {
  const text = bytes.toString('utf8')
  const url = read(isNfsError, () => parseNfsUrl(text))
  read(speaksPlainly, () => parseAddress(text))
  return url !== undefined
}

const marker = 'XsecretX'
const secretFree: Guard = (error) => isQueueError(error) && !error.message.includes(marker)

/** The URL of the queues with each way to be let in; the secret is in no error. */
const queueUrl: Target = (bytes) => {
  const url = bytes.toString('utf8')
  const opened = [
    read(secretFree, () => connect({ url, accountKey: marker }, {})),
    read(secretFree, () => connect({ url, sas: `sv=1&sig=${marker}` }, {})),
    read(secretFree, () => connect({ url: `${url}?sig=${marker}` }, {})),
    read(secretFree, () => connect({ connectionString: `${url};AccountKey=${marker}` }, {})),
  ]
  return opened.some((one) => one !== undefined)
}

/** Lines of NAME=value, and then the environment decides where the queues are. */
const environment: Target = (bytes) => {
  const pairs = bytes
    .toString('utf8')
    .split('\n')
    .map((line): [string, string] => [line.split('=', 1)[0] ?? '', line.slice(line.indexOf('=') + 1)])
  const given = Object.fromEntries(pairs)
  const settings = { queue: given['CACHEWARMER_QUEUE'], storageAccountName: given['STORAGE_ACCOUNT'] }
  const access = read(isUsageError, () => queueAccess(settings, given))
  const names = read(speaksPlainly, () => new Prefix(given['QUEUE_PREFIX'] ?? ''))
  return access !== undefined && names !== undefined
}

const isEnd = (error: unknown): boolean => (error as Partial<Ended> | undefined)?.name === 'Ended'
const isCommander = (error: unknown): boolean =>
  error instanceof Error && String((error as { code?: unknown }).code).startsWith('commander.')
const saysNo: Guard = (error) => isEnd(error) || isUsageError(error) || isCommander(error)

/** One argument a line, for each program; nothing is done with what they understand. */
const commandLine: Target = async (bytes) => {
  const argv = bytes.toString('utf8').split('\n')
  let understood = false
  await inside(async ({ output }) => {
    read(saysNo, () => translateLegacyFlags(argv, { storageKey: '--storage-key', warmTargetPath: '--path' }))
    if (read(saysNo, () => parseWorkerConfig(argv, '1.0.0')) !== undefined) understood = true
    const act = async (): Promise<number> => {
      understood = true
      return 0
    }
    await runCommandLine(argv, '1.0.0', { serve: act, plan: act, warm: act, bootstrap: act }).catch(
      (error: unknown) => {
        if (!saysNo(error)) throw error
      },
    )
    read(saysNo, () =>
      makeProgram('1.0.0', { stdout: output, stderr: output }, () => Promise.resolve()).program.parse(argv, {
        from: 'user',
      }),
    )
  })
  return understood
}

/** An answer of a machine's metadata service. */
const metadata: Target = async (bytes) => {
  const asked = instanceMetadata({ clock: systemClock, fetch: async () => new Response(new Uint8Array(bytes)) })
  let answered = false
  for (const call of [() => asked.machine(), () => asked.token('x'), () => asked.scheduledEvents()]) {
    try {
      await call()
      answered = true
    } catch (error) {
      if (!isVmssError(error)) throw error
    }
  }
  return answered
}

/** Every decoder of bytes from outside, by the name of its file in the corpus. */
export const targets: Readonly<Record<string, Target>> = {
  job,
  item: message(decodeItem, encodeItem),
  result: message(decodeResult, encodeResult),
  control: message(decodeControl, encodeControl),
  // Fields of a newer manager are kept, and can't be written again.
  status: message(decodeStatus),
  'list-chunk': message(decodeListChunk, encodeListChunk),
  'failure-list': message(decodeFailureList, encodeFailureList),
  manifest,
  position,
  'original-work': message(decodeLegacyWork),
  'nfs-results': results,
  rpc,
  records,
  link,
  'nfs-url': nfsUrl,
  'queue-url': queueUrl,
  environment,
  'command-line': commandLine,
  metadata,
  steering,
  'page-request': pageRequest,
  expression,
  claims,
  ...given,
}
