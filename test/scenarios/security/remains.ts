import { closeSync, openSync, readdirSync, readSync, rmSync } from 'node:fs'
import { join } from 'node:path'

/** A text in the forms in which it may be written down. */
const formsOf = (secret: string): string[] => [
  ...new Set([
    secret,
    encodeURIComponent(secret),
    Buffer.from(secret).toString('base64'),
    JSON.stringify(secret).slice(1, -1),
  ]),
]

/** The places, among named texts, that contain the secret. */
export function findSecret(secret: string, texts: ReadonlyMap<string, string>): string[] {
  const forms = formsOf(secret)
  return [...texts].filter(([, text]) => forms.some((form) => text.includes(form))).map(([place]) => place)
}

/** A file that a process left behind. */
export interface Remains {
  readonly name: string
  readonly isCore: boolean
  /** Those that were looked for and are in it. */
  readonly secrets: readonly string[]
}

const pieceBytes = 16 * 1024 * 1024

/** Looks through everything in a folder, of any size, and removes it. */
export function takeRemains(folder: string, secrets: readonly string[]): Remains[] {
  return readdirSync(folder).map((name) => {
    const file = join(folder, name)
    const found = search(file, secrets)
    rmSync(file)
    return { name, ...found }
  })
}

function search(file: string, secrets: readonly string[]): Omit<Remains, 'name'> {
  const wanted = secrets.map((secret) => ({ secret, forms: formsOf(secret).flatMap(encodings) }))
  // A secret across two pieces is whole in the second one.
  const overlap = Math.max(...wanted.flatMap(({ forms }) => forms.map(({ length }) => length)))
  const found = new Set<string>()
  let isCore = false
  const piece = Buffer.alloc(pieceBytes)
  const descriptor = openSync(file, 'r')
  try {
    for (let at = 0; ; at += pieceBytes - overlap) {
      const bytes = readSync(descriptor, piece, 0, pieceBytes, at)
      const read = piece.subarray(0, bytes)
      if (at === 0) isCore = read.toString('latin1', 0, 4) === '\x7fELF' && read[16] === elfCore
      for (const { secret, forms } of wanted) if (forms.some((form) => read.includes(form))) found.add(secret)
      if (bytes < pieceBytes) return { isCore, secrets: secrets.filter((secret) => found.has(secret)) }
    }
  } finally {
    closeSync(descriptor)
  }
}

/** ET_CORE of elf(5). */
const elfCore = 4

/** Also as V8 keeps a text that is not all of one byte a character. */
const encodings = (text: string): Buffer[] => [Buffer.from(text, 'latin1'), Buffer.from(text, 'utf16le')]
