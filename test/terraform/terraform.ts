import { spawnSync } from 'node:child_process'

const env = {
  ...process.env,
  // No user's settings, and no check for a newer version.
  TF_CLI_CONFIG_FILE: '/dev/null',
  CHECKPOINT_DISABLE: '1',
  TF_IN_AUTOMATION: '1',
}

/** Runs Terraform itself in a folder. */
export function terraform(
  cwd: string,
  ...args: readonly string[]
): { readonly code: number | null; readonly said: string } {
  const { status, stdout, stderr } = spawnSync('terraform', args, { cwd, env, encoding: 'utf8' })
  return { code: status, said: `${stdout}${stderr}` }
}

export const hasTerraform: boolean = spawnSync('terraform', ['version'], { env }).status === 0
if (!hasTerraform) console.log('SKIPPED: what Terraform itself says of fmt and validate, because it is not installed')
