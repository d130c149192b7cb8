import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { UsageError } from '../../cli/index.ts'

const papers = ['VERSION', 'THIRD-PARTY-LICENSES.txt', 'sbom.cdx.json'] as const

export interface ReleasedFiles {
  readonly version: string
  readonly folder: string
  /** The file that is every program: `cachewarmer`, or `cachewarmer.mjs`. */
  readonly program: string
  /** Name, and the checksum that was found to be right. */
  readonly sums: ReadonlyMap<string, string>
}

/**
 * What of a release goes into a bootstrap folder, each file checked against the release's list. Throws `UsageError` where
 * the folder holds no release, lacks the program, or a file is not the one of the list.
 */
export async function releasedFiles(folder: string, bundles: boolean): Promise<ReleasedFiles> {
  const listed = await readList(folder)
  const program = bundles ? 'cachewarmer.mjs' : 'cachewarmer'
  const sums = new Map<string, string>()
  for (const name of [program, ...papers]) {
    const sum = listed.get(name)
    if (sum === undefined) throw new UsageError(`--from ${folder}: its SHA256SUMS does not name ${name}`)
    const found = await sha256(join(folder, name)).catch((error: Error) => error.message)
    if (found !== sum)
      throw new UsageError(`--from ${folder}: ${name} is not as released; expected ${sum}, got ${found}`)
    sums.set(name, sum)
  }
  return { version: (await readFile(join(folder, 'VERSION'), 'utf8')).trim(), folder, program, sums }
}

async function readList(folder: string): Promise<ReadonlyMap<string, string>> {
  const text = await readFile(join(folder, 'SHA256SUMS'), 'utf8').catch((error: Error) => {
    throw new UsageError(
      `--from ${folder}: expected the folder of a release, with SHA256SUMS, as npm run package writes it: ${error.message}`,
      { cause: error },
    )
  })
  return new Map(
    text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => [line.slice(66), line.slice(0, 64)]),
  )
}

export async function sha256(file: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(file), hash)
  return hash.digest('hex')
}

/** Makes the signature of a text. */
export type Sign = (text: string) => Promise<string>

/**
 * Signs with an OpenSSH key, as the install scripts check it: `ssh-keygen -Y sign`, namespace `cachewarmer`. A passphrase is
 * asked for on the terminal. Throws `UsageError` with what ssh-keygen says.
 */
export const signer =
  (keyFile: string): Sign =>
  async (signed) => {
    const child = spawn('ssh-keygen', ['-Y', 'sign', '-q', '-f', keyFile, '-n', 'cachewarmer'], {
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    const ended = new Promise<number | null>((resolve, reject) => {
      child.once('error', reject)
      child.once('close', resolve)
    })
    child.stdin.on('error', () => undefined)
    child.stdin.end(signed)
    try {
      const [signature, said, code] = await Promise.all([text(child.stdout), text(child.stderr), ended])
      if (code === 0 && signature.startsWith('-----BEGIN SSH SIGNATURE-----')) return signature
      throw new Error(said.trim() || `ssh-keygen ended with ${code}`)
    } catch (error) {
      throw new UsageError(`--sign-key ${keyFile}: ${error instanceof Error ? error.message : String(error)}`, {
        cause: error,
      })
    }
  }
