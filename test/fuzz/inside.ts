/** A program that wanted to end. */
export class Ended extends Error {
  override readonly name = 'Ended'
}

interface Inside {
  /** A program's output, which is not read. */
  readonly output: { write(text: string): boolean; on(): unknown; off(): unknown }
}

/** Runs a program's command line within this process: its end is an `Ended`, what it writes goes nowhere. */
export async function inside(action: (inside: Inside) => Promise<void>): Promise<void> {
  const { stdout, stderr } = process
  const own = [
    [process, 'exit'],
    [stdout, 'write'],
    [stderr, 'write'],
  ] as const
  const before = own.map(([of, name]) => Object.getOwnPropertyDescriptor(of, name))
  process.exit = (code) => {
    throw new Ended(String(code))
  }
  stdout.write = () => true
  stderr.write = () => true
  try {
    await action({ output: { write: () => true, on: () => undefined, off: () => undefined } })
  } finally {
    for (const [at, [of, name]] of own.entries()) {
      const descriptor = before[at]
      if (descriptor === undefined) Reflect.deleteProperty(of, name)
      else Object.defineProperty(of, name, descriptor)
    }
  }
}
