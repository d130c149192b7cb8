import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { root } from '../support/repository.ts'

export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/**
 * Stands for the controller: runs the scripts as Terraform's provisioners do, with settings in a file, in a mount namespace
 * of their own. A filer's export is a folder here, which `mount` binds; everything else is this machine's.
 */
export class Controller implements Disposable {
  readonly folder: string = mkdtempSync(join(tmpdir(), 'cachewarmer-controller-'))
  /** The folder that the filer exports. */
  readonly export: string = join(this.folder, 'export')
  readonly #bin = join(this.folder, 'bin')

  constructor() {
    mkdirSync(this.export)
    mkdirSync(this.#bin)
    this.program('mount', `for last; do :; done\nexec /bin/mount --bind "${this.export}" "$last"`)
    this.program('mount.nfs', 'exit 1')
    this.program('sleep', 'exit 0')
  }

  /** Puts a program first on the path; it notes how it was called. */
  program(name: string, script: string): void {
    const file = join(this.#bin, name)
    writeFileSync(file, `#!/bin/bash\nprintf '%s\\n' "${name} $*" >>"${this.folder}/calls"\n${script}\n`)
    chmodSync(file, 0o755)
  }

  /** The calls of programs that were put on the path. */
  get calls(): string[] {
    const file = join(this.folder, 'calls')
    return existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean) : []
  }

  file(name: string, text: string): string {
    const path = join(this.folder, name)
    writeFileSync(path, text, { mode: 0o600 })
    return path
  }

  settings(values: Readonly<Record<string, string>>): string {
    return this.file(
      'settings',
      Object.entries(values)
        .map(([name, value]) => `${name}=${value}\n`)
        .join(''),
    )
  }

  /** Further variables of the scripts' environment. */
  environment: Readonly<Record<string, string>> = {}

  /** Runs a script of terraform/scripts. */
  async run(script: string, ...args: readonly string[]): Promise<Ended> {
    const own = ['--mount', '--propagation', 'private', '--', 'bash', join(root, 'terraform/scripts', script)]
    const child = spawn('unshare', [...own, ...args], {
      env: {
        PATH: `${this.#bin}:/usr/sbin:/usr/bin:/sbin:/bin`,
        HOME: this.folder,
        TMPDIR: this.folder,
        ...this.environment,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let stdout = ''
    let stderr = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text
    })
    const [code] = (await once(child, 'close')) as [number | null]
    return { code, stdout, stderr }
  }

  /** Folders that scripts made in /tmp and should have removed. */
  static leftovers(): string[] {
    return readdirSync('/tmp').filter((name) => /^cachewarmer-(bootstrap|prepare)\./.test(name))
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true })
  }
}
