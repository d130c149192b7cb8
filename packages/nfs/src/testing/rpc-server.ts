import { createServer, type Server, type Socket } from 'node:net'
import { type CallHeader, decodeCall, encodeReply, type RpcRefusal } from '../rpc/message.ts'
import { RecordReader, recordMark } from '../rpc/record.ts'
import { XdrReader } from '../xdr/reader.ts'
import { XdrWriter } from '../xdr/writer.ts'
import type { Fault } from './faults.ts'

/** A call with where it came from. */
export interface ServedCall extends CallHeader {
  readonly connection: number
  readonly port: number
}

/** What a program says to a call: why not, or its results. */
export type Answer = RpcRefusal | ((w: XdrWriter) => void)

/** Answers calls; throws `NfsError` PROTOCOL for arguments that are none. */
export interface Program {
  answer(call: ServedCall, args: XdrReader): { readonly answer: Answer; readonly fault?: Fault | undefined }
}

export interface RpcServer {
  readonly port: number
  /** Connections so far, and now. */
  readonly connections: { readonly total: number; readonly open: number }
  /** Resets all connections that are open. */
  reset(): void
  stop(): Promise<void>
}

const maxCallBytes = 65_536
const statusBytesBehindXid = 20

/** Serves a program on TCP. `latencyMs` holds every answer back. */
export async function startRpcServer(
  program: Program,
  listen: { readonly host: string; readonly port: number },
  latencyMs: () => number = () => 0,
): Promise<RpcServer> {
  const sockets = new Set<Socket>()
  let total = 0
  const server = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => {}) // Clients may go as they like.
    socket.on('end', () => socket.end())
    serve(program, socket, total++, latencyMs)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(listen, resolve)
  })
  const address = server.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    get connections() {
      return { total, open: sockets.size }
    },
    reset: () => destroyAll(sockets),
    stop: () => stop(server, sockets),
  }
}

function destroyAll(sockets: ReadonlySet<Socket>): void {
  for (const socket of sockets) socket.resetAndDestroy()
}

async function stop(server: Server, sockets: ReadonlySet<Socket>): Promise<void> {
  if (!server.listening) return
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  destroyAll(sockets)
  await closed
}

function serve(program: Program, socket: Socket, connection: number, latencyMs: () => number): void {
  let silent = false
  const send = (bytes: Buffer, ms: number): void => {
    const write = (): void => void (socket.writable && socket.write(bytes))
    if (ms > 0) setTimeout(write, ms).unref()
    else write()
  }
  const records = new RecordReader(
    {
      keep: () => Number.POSITIVE_INFINITY,
      record(bytes, start, kept) {
        if (silent) return
        const args = new XdrReader(bytes, start, start + kept)
        const call = decodeCall(args)
        const { answer, fault } = program.answer({ ...call, connection, port: socket.remotePort ?? 0 }, args)
        if (fault?.kind === 'black-hole') silent = true
        reply(socket, encode(call.xid, answer, fault), fault, (out, extraMs = 0) => send(out, latencyMs() + extraMs))
      },
    },
    maxCallBytes,
  )
  socket.on('data', (chunk) => {
    try {
      records.push(chunk)
    } catch {
      socket.destroy() // As servers do with what is no RPC.
    }
  })
}

/** A whole record, its mark included. */
function encode(xid: number, answer: Answer, fault: Fault | undefined): Buffer {
  const w = new XdrWriter(Buffer.allocUnsafe(1024))
  w.u32(0)
  const refusal = fault?.kind === 'refuse' ? fault.refusal : typeof answer === 'function' ? undefined : answer
  encodeReply(w, xid, refusal)
  if (fault?.kind === 'garbage') for (let word = 0; word < 64; word++) w.u32(0xdead_0000 + word)
  else if (refusal === undefined && typeof answer === 'function') answer(w)
  if (fault?.kind === 'short') w.at = Math.max(4 + 4 + statusBytesBehindXid, w.at - fault.bytes)
  w.patchU32(0, recordMark(w.at - 4))
  return w.written()
}

function reply(
  socket: Socket,
  record: Buffer,
  fault: Fault | undefined,
  send: (bytes: Buffer, extraMs?: number) => void,
): void {
  switch (fault?.kind) {
    case 'drop':
    case 'black-hole':
      break
    case 'late':
      send(record, fault.ms)
      break
    case 'twice':
      send(record)
      send(record)
      break
    case 'noise':
      send(Buffer.alloc(64, 'HTTP/1.1 400 Bad Request\r\n'))
      break
    case 'half-close':
      socket.end()
      break
    case 'reset':
      socket.write(record.subarray(0, fault.afterBytes), () => socket.resetAndDestroy())
      break
    default:
      send(record)
  }
}
