import { spawnSync } from 'node:child_process'
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { root } from '../support/repository.ts'

const env = {
  ...process.env,
  // No user's settings, and no check for a newer version.
  TF_CLI_CONFIG_FILE: '/dev/null',
  CHECKPOINT_DISABLE: '1',
  TF_IN_AUTOMATION: '1',
}

export interface Said {
  readonly code: number | null
  readonly said: string
}

export const hasTerraform: boolean = spawnSync('terraform', ['version'], { env }).status === 0
if (!hasTerraform) console.log('SKIPPED: what Terraform itself says, because it is not installed')

/** A copy of our Terraform files, in which Terraform itself runs without a registry. */
export class Terraform implements Disposable {
  readonly #folder = mkdtempSync(join(tmpdir(), 'cachewarmer-terraform-'))
  readonly #settings = join(this.#folder, 'terraformrc')

  /** `lists`: which list of names stands for which provider. */
  constructor(lists: Readonly<Record<string, string>> = {}) {
    cpSync(join(root, 'terraform'), join(this.#folder, 'terraform'), { recursive: true })
    const overrides = Object.entries(lists).map(([source, list]) => {
      const folder = join(this.#folder, list)
      const program = join(folder, `terraform-provider-${source.split('/')[1]}`)
      mkdirSync(folder)
      const provider = join(import.meta.dirname, 'provider/provider.ts')
      const names = join(import.meta.dirname, `fixtures/${list}.json`)
      writeFileSync(program, `#!/bin/sh\nexec '${process.execPath}' '${provider}' '${names}'\n`)
      chmodSync(program, 0o755)
      return `"${source}" = "${folder}"`
    })
    writeFileSync(this.#settings, `provider_installation {\ndev_overrides {\n${overrides.join('\n')}\n}\n}\n`)
  }

  /** Runs Terraform in a folder of the repository. */
  run(folder: string, ...args: readonly string[]): Said {
    const { status, stdout, stderr } = spawnSync('terraform', args, {
      cwd: join(this.#folder, folder),
      // The stand-in for a provider speaks without TLS, on loopback.
      env: { ...env, TF_CLI_CONFIG_FILE: this.#settings, TF_DISABLE_PLUGIN_TLS: '1' },
      encoding: 'utf8',
    })
    return { code: status, said: `${stdout}${stderr}` }
  }

  /** What `terraform validate` finds. */
  problems(folder: string): string[] {
    const got = this.run(folder, 'get', '-no-color')
    if (got.code !== 0) return [got.said]
    interface Diagnostic {
      readonly summary: string
      readonly detail: string
      readonly range?: { readonly filename: string; readonly start: { readonly line: number } }
    }
    const { diagnostics } = JSON.parse(this.run(folder, 'validate', '-json').said) as { diagnostics: Diagnostic[] }
    return diagnostics
      .filter(({ summary }) => summary !== 'Provider development overrides are in effect')
      .map(({ summary, detail, range }) => `${range?.filename}:${range?.start.line}: ${summary}: ${detail}`)
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true, force: true })
  }
}
