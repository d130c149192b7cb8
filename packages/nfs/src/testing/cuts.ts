/** Every way to cut bytes in two, as rows for `test.each`: TCP owes nobody a boundary. */
export const cutsOf = (bytes: Buffer): readonly (readonly [at: number, head: Buffer, tail: Buffer])[] =>
  Array.from({ length: bytes.length + 1 }, (_, at) => [at, bytes.subarray(0, at), bytes.subarray(at)] as const)
