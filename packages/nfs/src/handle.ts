declare const handleBrand: unique symbol

/**
 * A file handle: 0 to 64 bytes that only the server understands, one byte a character (Latin-1). As a string it can't
 * be changed, equal handles are equal, it works as a key, and it pins no network buffer.
 */
export type FileHandle = string & { readonly [handleBrand]: true }

/** For logs and messages between processes. */
export const handleToHex = (handle: FileHandle): string => Buffer.from(handle, 'latin1').toString('hex')

/** The handle that `handleToHex` gave. Throws `RangeError` when that is none: not hex, or longer than 64 bytes. */
export function handleFromHex(hex: string): FileHandle {
  if (!/^(?:[0-9a-f]{2}){0,64}$/i.test(hex))
    throw new RangeError(`a file handle is 0 to 64 bytes in hex, got ${JSON.stringify(hex.slice(0, 200))}`)
  return Buffer.from(hex, 'hex').toString('latin1') as FileHandle
}
