import { createReadStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { buffer } from 'node:stream/consumers'
import { decodeText } from './decode-text.ts'

/** How files are read; `-` is standard input. */
export interface Files {
  /** The text of a file, without a byte order mark. Throws `UsageError` for one that is not in UTF-8. */
  readText(file: string): Promise<string>
  /** The bytes of a file, piece by piece. Throws when the file can't be opened. */
  readBytes(file: string): AsyncIterable<Uint8Array>
}

/** The files of this machine. */
export const systemFiles: Files = {
  readText: async (file) => decodeText(await (file === '-' ? buffer(process.stdin) : readFile(file))),
  readBytes: (file) => (file === '-' ? process.stdin : createReadStream(file, { highWaterMark: 1 << 20 })),
}
