import { toWire } from '@cachewarmer/core'
import { page } from './page.generated.ts'
import type { ReportData } from './view.ts'

export interface ServedPage {
  readonly html: string
  /** For the header of this name: the page's own script and style, and requests to where it came from, nothing else. */
  readonly contentSecurityPolicy: string
}

const own = `default-src 'none'; script-src '${page.scriptHash}'; style-src '${page.styleHash}'; img-src data:; base-uri 'none'; form-action 'none'`

/** The page that asks the manager that served it what is going on. */
export const statusPage = (): ServedPage => ({
  html: htmlOf('CacheWarmer', '', undefined),
  contentSecurityPolicy: `${own}; connect-src 'self'; frame-ancestors 'none'`,
})

/**
 * The report of a run as one file that can be saved and sent: it needs no network, and asks for nothing. Paths
 * and labels are text in it, with any characters. `failures` are all that it lists; the status has their number.
 */
export function reportPage(data: ReportData): string {
  const policy = `<meta http-equiv="Content-Security-Policy" content="${own}">`
  return htmlOf('Warm-up report', policy, data)
}

function htmlOf(title: string, head: string, data: ReportData | undefined): string {
  // Data in ASCII JSON with < > & escaped can't end the element that it stands in.
  const embedded = data === undefined ? '' : `<script type="application/json" id="report">${toWire(data)}</script>`
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">${head}
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<title>${title}</title>
<style>${page.style}</style>
</head>
<body>
<div id="app"><noscript>This page needs JavaScript.</noscript></div>
${embedded}
<script type="module">${page.script}</script>
</body>
</html>
`
}
