import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Mutation } from './mutations.ts'

export const root: string = dirname(dirname(dirname(import.meta.dirname)))

/** A copy of the sources in which a fault can be put, run as they are: Node drops the types. */
export class Scratch {
  readonly folder: string

  constructor(folder: string) {
    this.folder = folder
    rmSync(folder, { recursive: true, force: true })
    for (const name of readdirSync(join(root, 'packages'))) this.#copyPackage(join('packages', name))
    for (const name of ['package.json', 'simulation', 'node_modules']) this.#copy(join('test', name))
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
  }

  /** The program that runs seeds, over these sources. */
  get program(): string {
    return join(this.folder, 'test/simulation/main.ts')
  }

  apply(mutation: Mutation): void {
    const file = join(this.folder, mutation.file)
    writeFileSync(file, mutated(readFileSync(file, 'utf8'), mutation))
  }

  restore({ file }: Mutation): void {
    cpSync(join(root, file), join(this.folder, file))
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true })
  }

  #copy(path: string): void {
    if (!existsSync(join(root, path))) return
    mkdirSync(dirname(join(this.folder, path)), { recursive: true })
    cpSync(join(root, path), join(this.folder, path), { recursive: true, verbatimSymlinks: true })
  }

  #copyPackage(path: string): void {
    for (const name of ['src', 'node_modules']) this.#copy(join(path, name))
    const described = readFileSync(join(root, path, 'package.json'), 'utf8')
    const { name, exports } = JSON.parse(described) as { name: string; exports: Record<string, unknown> }
    const toSource = JSON.stringify(exports).replace(/\.\/dist\/([^"]+?)(?:\.d\.ts|\.js)"/g, './src/$1.ts"')
    const copied = { name, type: 'module', exports: JSON.parse(toSource) as unknown }
    writeFileSync(join(this.folder, path, 'package.json'), JSON.stringify(copied, null, 2))
  }
}

/** The text with the fault in it. Throws where the place is not there exactly once: the mutation has to follow the code. */
export function mutated(text: string, { name, file, find, replace }: Mutation): string {
  const times = text.split(find).length - 1
  if (times !== 1) throw new Error(`"${name}": its place is ${times} times in ${file}, expected once:\n${find}`)
  return text.replace(find, () => replace)
}
