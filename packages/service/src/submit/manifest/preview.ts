/** What a message shows of a value: short, in printable ASCII. */
export function preview(value: unknown): string {
  if (Array.isArray(value)) return `a list of ${value.length}`
  if (typeof value === 'object' && value !== null) return 'an object'
  const text = JSON.stringify(value) ?? 'nothing'
  const cut = text.length > 80 ? `${text.slice(0, 80)}...` : text
  return printable(cut)
}

/** Printable ASCII alone: what a terminal would obey, or not show, is written as an escape. */
export const printable = (text: string): string =>
  text.replace(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
