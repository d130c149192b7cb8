import { connect, createServer, type Socket } from 'node:net'

/*
 * A link with a round trip: every byte is passed on after half of it, each way, however many there are.
 * node delay-proxy.ts LISTEN_HOST:PORT TARGET_HOST:PORT ROUND_TRIP_MS
 */
const [listen = '', target = '', roundTrip = '0'] = process.argv.slice(2)
const halfMs = Number(roundTrip) / 2

const place = (text: string): { host: string; port: number } => {
  const [host = '', port = ''] = text.split(':')
  return { host, port: Number(port) }
}

/** Chunks leave in the order in which they came, each at its hour; one timer serves them all. */
function delayed(from: Socket, to: Socket): void {
  const underway: { readonly atMs: number; readonly chunk: Buffer | undefined }[] = []
  let armed = false
  const pass = (): void => {
    armed = false
    const now = performance.now()
    to.cork()
    while (underway[0] !== undefined && underway[0].atMs <= now) {
      const { chunk } = underway.shift() as { chunk: Buffer | undefined }
      if (chunk === undefined) to.end()
      else to.write(chunk)
    }
    to.uncork()
    if (underway[0] !== undefined) arm(underway[0].atMs - now)
  }
  const arm = (ms: number): void => {
    armed = true
    setTimeout(pass, Math.max(0, ms))
  }
  const add = (chunk: Buffer | undefined): void => {
    underway.push({ atMs: performance.now() + halfMs, chunk })
    if (!armed) arm(halfMs)
  }
  from.on('data', add)
  from.on('end', () => add(undefined))
  from.on('error', () => to.destroy())
}

createServer({ noDelay: true }, (client) => {
  const server = connect({ ...place(target), noDelay: true })
  delayed(client, server)
  delayed(server, client)
}).listen(place(listen), () => console.log('listening'))
