import { parse } from 'shell-quote'

/** A command of ours as a document has it. */
export interface CommandLine {
  readonly program: string
  readonly args: readonly string[]
}

const ours = /^cachewarmer(-(manager|worker|submit|jobsubmitter))?$/

/**
 * The commands of ours in a shell text: also behind `sudo`, assignments, a path, in a pipe, and `npm run warm --`, which is
 * the manager's `warm`. What the shell would fill in stands as a word; an ellipsis for further arguments is left out.
 */
export function commandLines(text: string): CommandLine[] {
  const joined = text
    .replace(/\bnpm run (--silent )?warm( --)?/g, 'cachewarmer-manager warm')
    .replace(/\\\n\s*/g, ' ')
    .replace(/\$\([^)]*\)/g, 'substituted')
    .replace(/\$\{?\w+\}?/g, 'variable')
  return joined.split('\n').flatMap(commandsOfLine)
}

function commandsOfLine(line: string): CommandLine[] {
  const found: CommandLine[] = []
  let words: string[] = []
  const end = (): void => {
    const at = words.findIndex((word) => !word.includes('=') && ours.test(word.split('/').at(-1) ?? ''))
    const before = words.slice(0, Math.max(at, 0))
    if (at >= 0 && before.every(isPrefix))
      found.push({
        program: words[at]?.split('/').at(-1) ?? '',
        args: words.slice(at + 1).filter((word) => word !== '…' && word !== '...'),
      })
    words = []
  }
  for (const entry of parse(line)) {
    if (typeof entry === 'string') words.push(entry)
    else if ('comment' in entry) break
    else if (entry.op === 'glob') words.push(entry.pattern)
    else end()
  }
  end()
  return found
}

/** Words that may precede a program in its own command. */
const isPrefix = (word: string): boolean => /^(sudo|exec|time|env|[A-Za-z_]\w*=.*|-E|-n)$/s.test(word)
