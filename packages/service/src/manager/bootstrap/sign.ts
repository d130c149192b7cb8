import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { UsageError } from '../../cli/index.ts'

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
