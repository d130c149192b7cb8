interface Link<T> {
  readonly value: T
  next: Link<T> | undefined
}

/** First in, first out. Both ends take the same time however long the line is, which an array's `shift` does not. */
export class Fifo<T> {
  #first: Link<T> | undefined
  #last: Link<T> | undefined
  #length = 0

  get length(): number {
    return this.#length
  }

  push(value: T): void {
    const link: Link<T> = { value, next: undefined }
    if (this.#last) this.#last.next = link
    else this.#first = link
    this.#last = link
    this.#length++
  }

  peek(): T | undefined {
    return this.#first?.value
  }

  shift(): T | undefined {
    const link = this.#first
    if (!link) return undefined
    this.#first = link.next
    if (!link.next) this.#last = undefined
    this.#length--
    return link.value
  }
}
