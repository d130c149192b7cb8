import { printable } from '@cachewarmer/service/report'

/** A text as one word of a POSIX shell. What a terminal may not see is shown as `printable` does, and can't be pasted. */
export function shellWord(text: string): string {
  if (/^[\w.:@%+,/-]+$/.test(text)) return text
  // A backslash is a plain character between single quotes.
  const shown = text.split('\\').map(printable).join('\\')
  return `'${shown.replaceAll("'", "'\\''")}'`
}

/** The command that shows how a job goes on. */
export const statusCommand = (job: string): string =>
  job.startsWith('-')
    ? `cachewarmer-submit status --wait -- ${shellWord(job)}`
    : `cachewarmer-submit status ${shellWord(job)} --wait`
