const esc = '\u001b'
/** Cursor up, clear, anything else that is a sequence, line ends, text. */
const pieces = new RegExp(`${esc}\\[(\\d+)A|${esc}\\[([JK])|(${esc}.{0,8})|([\r\n])|([^${esc}\r\n])`, 'gu')
const begun = new RegExp(`${esc}(?:\\[\\d*)?$`, 'u')

/**
 * What a terminal of a given width shows, by the control sequences that are used: carriage return, line feed, cursor up, and
 * clearing to the end of the line or of the screen. Any other throws, so that none is used that would have to be undone.
 */
export class Screen {
  readonly #columns: number
  readonly #rows: string[][] = [[]]
  #held = ''
  #row = 0
  #column = 0
  /** The cursor was beyond the last column. */
  wrapped = false

  constructor(columns: number) {
    this.#columns = columns
  }

  /** Lines from the first that was ever written, without those that are empty at the end. */
  get lines(): string[] {
    return this.#rows
      .map((row) =>
        Array.from(row, (cell) => cell ?? ' ')
          .join('')
          .trimEnd(),
      )
      .join('\n')
      .trimEnd()
      .split('\n')
  }

  /** Whether the cursor is at the beginning of a line with nothing behind it or below. */
  get isAtRest(): boolean {
    const below = this.#rows.slice(this.#row).flat()
    return this.#column === 0 && below.length === 0
  }

  write(text: string): void {
    const all = this.#held + text
    // A sequence may come in two pieces.
    this.#held = begun.exec(all)?.[0] ?? ''
    for (const [, up, clear, what, control, plain] of all.slice(0, all.length - this.#held.length).matchAll(pieces)) {
      if (up !== undefined) this.#row = Math.max(0, this.#row - Number(up))
      else if (clear !== undefined) this.#clear(clear)
      else if (what !== undefined) throw new Error(`a control sequence that nobody expects: ${JSON.stringify(what)}`)
      else if (control === '\r') this.#column = 0
      else if (control === '\n') this.#move()
      else this.#put(plain ?? '')
    }
  }

  #clear(what: string): void {
    this.#rows[this.#row]?.splice(this.#column)
    if (what === 'J') this.#rows.splice(this.#row + 1)
  }

  #move(): void {
    this.#row += 1
    while (this.#rows.length <= this.#row) this.#rows.push([])
  }

  #put(character: string): void {
    if (this.#column === this.#columns) {
      this.wrapped = true
      this.#column = 0
      this.#move()
    }
    const row = this.#rows[this.#row]
    if (row !== undefined) row[this.#column] = character
    this.#column += 1
  }
}
