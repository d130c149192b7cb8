import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

/*
 * Bundles the browser's part (src/report/page/app) into one script and one style, and writes them down as a module, so that the page
 * travels with the code that serves it: nothing has to be found on a disk at run time, also not from within a bundle.
 */
const source = join(dirname(dirname(fileURLToPath(import.meta.url))), 'src/report/page')

const { outputFiles } = await build({
  entryPoints: [join(source, 'app/main.tsx')],
  outdir: source,
  bundle: true,
  write: false,
  minify: true,
  format: 'esm',
  target: ['chrome109', 'firefox115', 'safari16.4'],
  // A saved page reads the same in every encoding, and its hashes stay the same.
  charset: 'ascii',
  legalComments: 'none',
})
const output = (suffix: string): string => {
  const text = outputFiles.find(({ path }) => path.endsWith(suffix))?.text.trim()
  if (text === undefined) throw new Error(`the bundle has no ${suffix}`)
  if (/<\/(script|style)/i.test(text)) throw new Error(`the ${suffix} would end its own element`)
  return text
}
const hash = (text: string): string => `sha256-${createHash('sha256').update(text).digest('base64')}`

const script = output('.js')
const style = output('.css')
const page = { script, style, scriptHash: hash(script), styleHash: hash(style) }
writeFileSync(
  join(source, 'page.generated.ts'),
  `/** Made by scripts/build-page.ts. */\nexport const page = ${JSON.stringify(page, undefined, 2)} as const\n`,
)
