import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createRequire } from 'node:module'

export interface AzuriteOptions {
  /** Where messages are kept. Default: in memory. */
  readonly folder?: string
  /** Default 0: any free one. */
  readonly port?: number
  /** Serves https with this certificate, as PEM files, and then takes tokens too (any JWT that is well-formed and not expired). */
  readonly certificate?: { readonly certFile: string; readonly keyFile: string }
}

export interface Azurite {
  /** `http://127.0.0.1:PORT/devstoreaccount1` */
  readonly url: string
  readonly connectionString: string
  readonly accountKey: string
  /** Ends the process and waits for its end. With SIGTERM it writes its folder first; default SIGKILL. */
  stop(signal?: 'SIGKILL' | 'SIGTERM'): Promise<void>
}

/** Known to everybody: https://learn.microsoft.com/azure/storage/common/storage-use-azurite#well-known-storage-account-and-key */
const accountName = 'devstoreaccount1'
const accountKey = 'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=='

/** Its standard input ends with the process that started it, however that dies, and so does it. */
const endWithParent = 'data:text/javascript,process.stdin.on("end", () => process.exit()).resume().unref()'

const readyLine = /successfully listens on (https?:\/\/\S+)/

const program = createRequire(import.meta.url).resolve('azurite/dist/src/queue/main.js')

/** Starts the queue part of Azurite, Microsoft's emulator of Azure Storage, as a process of its own. */
export async function startAzurite(options: AzuriteOptions = {}): Promise<Azurite> {
  const { folder, port = 0, certificate } = options
  const args = ['--queueHost', '127.0.0.1', '--queuePort', String(port), '--silent', '--disableTelemetry']
  args.push(...(folder === undefined ? ['--inMemoryPersistence'] : ['--location', folder]))
  if (certificate !== undefined) {
    args.push('--oauth', 'basic', '--cert', certificate.certFile, '--key', certificate.keyFile)
  }
  const child = spawn(process.execPath, ['--import', endWithParent, program, ...args], { stdio: 'pipe' })
  const exited = once(child, 'exit')

  let output = ''
  const origin = await new Promise<string>((resolve, reject) => {
    const read = (chunk: string): void => {
      output += chunk
      const ready = readyLine.exec(output)
      if (ready?.[1] !== undefined) resolve(ready[1])
    }
    child.stdout.setEncoding('utf8').on('data', read)
    child.stderr.setEncoding('utf8').on('data', read)
    exited.then(() => reject(new Error(`azurite ended before it was ready: ${output}`)), reject)
  })

  const url = `${origin.replace(/\/$/, '')}/${accountName}`
  const protocol = certificate === undefined ? 'http' : 'https'
  return {
    url,
    accountKey,
    connectionString: `DefaultEndpointsProtocol=${protocol};AccountName=${accountName};AccountKey=${accountKey};QueueEndpoint=${url};`,
    stop: async (signal = 'SIGKILL') => {
      child.kill(signal)
      await exited
    },
  }
}
