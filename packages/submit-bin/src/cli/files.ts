import { createReadStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { text } from 'node:stream/consumers'

/** How files are read; `-` is standard input. */
export interface Files {
  /** The text of a file. */
  readText(file: string): Promise<string>
  /** The bytes of a file, piece by piece. Throws when the file can't be opened. */
  readBytes(file: string): AsyncIterable<Uint8Array>
}

/** The files of this machine. */
export const systemFiles: Files = {
  readText: (file) => (file === '-' ? text(process.stdin) : readFile(file, 'utf8')),
  readBytes: (file) => (file === '-' ? process.stdin : createReadStream(file, { highWaterMark: 1 << 20 })),
}
