import GithubSlugger from 'github-slugger'
import { marked, type Token, type Tokens } from 'marked'
import { readText, repositoryFiles } from '../support/repository.ts'

/** One Markdown file of the repository, in the pieces that can be wrong. */
export interface Document {
  readonly path: string
  /** Targets of links and images, as written. */
  readonly links: readonly string[]
  /** Names of headings, as they stand after the `#` of a link. */
  readonly anchors: ReadonlySet<string>
  readonly blocks: readonly CodeBlock[]
  /** Code within sentences and tables. */
  readonly inline: readonly string[]
}

export interface CodeBlock {
  /** `path:line` of the opening fence. */
  readonly where: string
  readonly language: string
  readonly text: string
}

export function readDocument(path: string): Document {
  const text = readText(path)
  const tokens = marked.lexer(text, { gfm: true })
  const links: string[] = []
  const inline: string[] = []
  const headings: string[] = []
  const blocks: CodeBlock[] = []
  let searchFrom = 0
  void marked.walkTokens(tokens, (token: Token) => {
    if (token.type === 'link' || token.type === 'image') links.push((token as Tokens.Link).href)
    if (token.type === 'codespan') inline.push((token as Tokens.Codespan).text)
    if (token.type === 'heading') headings.push(plain((token as Tokens.Heading).tokens))
    if (token.type === 'code') {
      const { lang = '', text: code, raw } = token as Tokens.Code
      const at = Math.max(text.indexOf(raw.split('\n')[0] ?? '', searchFrom), 0)
      searchFrom = at + 1
      const line = text.slice(0, at).split('\n').length
      blocks.push({ where: `${path}:${line}`, language: lang.split(/\s/)[0] ?? '', text: code })
    }
  })
  const slugger = new GithubSlugger()
  return { path, links, inline, blocks, anchors: new Set(headings.map((heading) => slugger.slug(heading))) }
}

/** A heading as it is shown, without its marks. */
function plain(tokens: readonly Token[]): string {
  return tokens
    .map((token) =>
      'tokens' in token && token.tokens ? plain(token.tokens) : 'text' in token ? String(token.text) : '',
    )
    .join('')
}

/** Every document that people read; changesets become one at a release. */
export const documents: readonly Document[] = repositoryFiles('*.md')
  .filter((path) => !path.startsWith('.changeset/'))
  .map(readDocument)
