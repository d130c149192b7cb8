import { existsSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { describe, expect, test } from 'vitest'
import { root } from '../support/repository.ts'
import { documents, readDocument } from './markdown.ts'

const isElsewhere = (link: string): boolean => /^(https?|mailto):/.test(link)

/** The problem of a link in a document; `undefined` if it is right. */
function problem(from: string, link: string): string | undefined {
  const [target = '', anchor] = decodeURIComponent(link).split('#')
  const path = target === '' ? from : relative(root, join(root, dirname(from), target))
  if (path.startsWith('..')) return `${link} leads out of the repository`
  if (!existsSync(join(root, path))) return `${link}: there is no ${path}`
  if (anchor === undefined) return undefined
  if (!path.endsWith('.md')) return `${link}: only headings of documents can be linked`
  if (readDocument(path).anchors.has(anchor)) return undefined
  return `${link}: ${path} has no such heading, but ${[...readDocument(path).anchors].join(', ')}`
}

describe('links', () => {
  test('there are documents, and links in them', () => {
    expect(documents.length).toBeGreaterThan(10)
    expect(documents.flatMap(({ links }) => links).length).toBeGreaterThan(10)
  })

  test.each(documents)('$path: each leads to a file, and to a heading that is in it', ({ path, links }) => {
    expect(links.filter((link) => !isElsewhere(link)).flatMap((link) => problem(path, link) ?? [])).toEqual([])
  })

  test.each([
    ['docs/nowhere.md', 'there is no docs/nowhere.md'],
    ['README.md#no-such-heading', 'no such heading'],
    ['../../etc/passwd', 'out of the repository'],
    ['package.json#scripts', 'only headings'],
  ])('%s would be found', (link, complaint) => {
    expect(problem('README.md', link)).toContain(complaint)
  })

  test('a heading in a right link is none', () => {
    expect(problem('docs/decisions/0001-queues-of-a-run.md', '../../README.md#two-commands')).toBeUndefined()
  })
})
