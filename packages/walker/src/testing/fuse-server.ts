import { spawnSync } from 'node:child_process'
import { openSync, read, writeSync } from 'node:fs'

/*
 * A file system in user space, for tests: files of one folder that say another size than they give. A program of its own,
 * started with the folder to mount it on and the files as JSON: who shares a process with it would wait for itself. Ends
 * when the folder is unmounted. Linux, as root; <linux/fuse.h> has the messages, protocol 7.31.
 */

export interface FuseFile {
  readonly name: string
  readonly size: number
  /** Bytes from the beginning that can be read; behind them a read ends, or fails with EIO. */
  readonly gives: number
  readonly fails?: boolean | undefined
  /** Bytes that a read gives at most. Default: all that are asked for. */
  readonly perRead?: number | undefined
}

const [folder = '', json = '[]'] = process.argv.slice(2)
const files = JSON.parse(json) as readonly FuseFile[]

const opcodes = {
  lookup: 1,
  getattr: 3,
  open: 14,
  read: 15,
  statfs: 17,
  release: 18,
  flush: 25,
  init: 26,
  opendir: 27,
  readdir: 28,
  releasedir: 29,
}
const unanswered: readonly number[] = [2, 36, 42]
const errors = { ENOENT: -2, EIO: -5, ENOSYS: -38 }
const rootId = 1
const directIo = 1

const device = openSync('/dev/fuse', 'r+')
const options = 'fd=3,rootmode=40755,user_id=0,group_id=0,ro'
const { status, stderr } = spawnSync('mount', ['-i', '-t', 'fuse', '-o', options, 'cachewarmer-test', folder], {
  stdio: ['ignore', 'ignore', 'pipe', device],
})
if (status !== 0) throw new Error(`mount: ${String(stderr)}`)
process.stdout.write('up\n')

function attributes(id: number): Buffer {
  const file = files[id - rootId - 1]
  const attr = Buffer.alloc(88)
  attr.writeBigUInt64LE(BigInt(id), 0)
  attr.writeBigUInt64LE(BigInt(file?.size ?? 0), 8)
  attr.writeUInt32LE(file === undefined ? 0o040755 : 0o100644, 60)
  attr.writeUInt32LE(1, 64)
  attr.writeUInt32LE(4_096, 80)
  return attr
}

function lookup(name: string): Buffer | number {
  const index = files.findIndex((file) => file.name === name)
  if (index === -1) return errors.ENOENT
  const entry = Buffer.alloc(128)
  entry.writeBigUInt64LE(BigInt(index + rootId + 1), 0)
  attributes(index + rootId + 1).copy(entry, 40)
  return entry
}

function readFile(id: number, offset: number, size: number): Buffer | number {
  const { gives, fails = false, perRead = size } = files[id - rootId - 1] as FuseFile
  const count = Math.max(0, Math.min(size, perRead, gives - offset))
  return count === 0 && fails ? errors.EIO : Buffer.alloc(count)
}

function names(offset: number): Buffer {
  return Buffer.concat(
    files.slice(offset).map(({ name }, at) => {
      const entry = Buffer.alloc(24 + Math.ceil(name.length / 8) * 8)
      entry.writeBigUInt64LE(BigInt(offset + at + rootId + 1), 0)
      entry.writeBigUInt64LE(BigInt(offset + at + 1), 8)
      entry.writeUInt32LE(name.length, 16)
      entry.writeUInt32LE(8, 20) // DT_REG
      entry.write(name, 24)
      return entry
    }),
  )
}

function init(): Buffer {
  const out = Buffer.alloc(64)
  out.writeUInt32LE(7, 0)
  out.writeUInt32LE(31, 4)
  out.writeUInt32LE(131_072, 20) // max_write
  return out
}

function answer(opcode: number, id: number, body: Buffer): Buffer | number {
  switch (opcode) {
    case opcodes.init:
      return init()
    case opcodes.lookup:
      return lookup(body.toString('utf8', 0, body.indexOf(0)))
    case opcodes.getattr:
      return Buffer.concat([Buffer.alloc(16), attributes(id)])
    case opcodes.open:
    case opcodes.opendir: {
      const out = Buffer.alloc(16)
      out.writeUInt32LE(directIo, 8)
      return out
    }
    case opcodes.read:
      return readFile(id, Number(body.readBigUInt64LE(8)), body.readUInt32LE(16))
    case opcodes.readdir:
      return names(Number(body.readBigUInt64LE(8)))
    case opcodes.statfs:
      return Buffer.alloc(80)
    case opcodes.release:
    case opcodes.releasedir:
    case opcodes.flush:
      return Buffer.alloc(0)
    default:
      return errors.ENOSYS
  }
}

const request = Buffer.alloc(1_048_576)
function serve(): void {
  read(device, request, 0, request.length, null, (error, length) => {
    // Unmounted.
    if (error) return
    const opcode = request.readUInt32LE(4)
    if (!unanswered.includes(opcode)) {
      const result = answer(opcode, Number(request.readBigUInt64LE(16)), Buffer.from(request.subarray(40, length)))
      const body = typeof result === 'number' ? Buffer.alloc(0) : result
      const head = Buffer.alloc(16)
      head.writeUInt32LE(16 + body.length, 0)
      head.writeInt32LE(typeof result === 'number' ? result : 0, 4)
      request.copy(head, 8, 8, 16)
      writeSync(device, Buffer.concat([head, body]))
    }
    serve()
  })
}
serve()
